/** Two soft notes. Silent where the browser does not allow sound, or has none. */
export function ring(): void {
  try {
    const audio = new AudioContext()
    const start = audio.currentTime
    for (const [index, hertz] of [659, 880].entries()) {
      const tone = new OscillatorNode(audio, { frequency: hertz })
      const volume = new GainNode(audio, { gain: 0 })
      const at = start + index * 0.22
      volume.gain.setTargetAtTime(0.2, at, 0.01)
      volume.gain.setTargetAtTime(0, at + 0.12, 0.25)
      tone.connect(volume).connect(audio.destination)
      tone.start(at)
      tone.stop(at + 1.6)
    }
    setTimeout(() => audio.close(), 3_000)
  } catch {}
}
