import { useId, useState } from 'react'
import { colors, useIdentity } from './identity.ts'
import { Avatar } from './people-list.tsx'

/** One's own avatar; it opens a panel to change name and colour. */
export function IdentityButton() {
  const [me, change] = useIdentity()
  const [name, setName] = useState(me.name)
  const panel = useId()
  const rename = (next: string) => {
    setName(next)
    if (next.trim()) change({ name: next.trim() })
  }
  return (
    <>
      <button
        type="button"
        className="avatar-button tip-left"
        popoverTarget={panel}
        aria-label={`You are ${me.name}. Change name and colour`}
        data-tip={`${me.name} (you)`}
      >
        <Avatar identity={me} />
      </button>
      <div
        id={panel}
        popover="auto"
        role="dialog"
        aria-label="How others see you"
        className="popover identity"
      >
        <h2>How others see you</h2>
        <label>
          Name
          <input
            className="field"
            value={name}
            maxLength={40}
            autoComplete="nickname"
            spellCheck={false}
            onChange={(event) => rename(event.target.value)}
            onBlur={() => setName(me.name)}
          />
        </label>
        <fieldset>
          <legend>Colour</legend>
          <div className="swatches">
            {colors.map(({ name: label, color }) => (
              <label key={color} className="swatch" style={{ background: color }}>
                <input
                  type="radio"
                  name={`${panel}-color`}
                  checked={me.color === color}
                  onChange={() => change({ color })}
                />
                <span className="visually-hidden">{label}</span>
              </label>
            ))}
          </div>
        </fieldset>
      </div>
    </>
  )
}
