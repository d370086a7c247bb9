/** Offers a file to the user. */
export function download(content: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  // Some browsers read the blob a little after the click.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
