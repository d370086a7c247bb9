/** Has the shape of what comes, so that nothing jumps. */
export function CanvasSkeleton() {
  return (
    <div className="canvas-skeleton" aria-busy="true">
      <p className="visually-hidden" role="status">
        Opening the board…
      </p>
      <i className="skeleton-toolbar" aria-hidden="true" />
    </div>
  )
}

/** Instead of a drawing, when Excalidraw did not arrive. */
export function CanvasMissing() {
  return (
    <section className="notice" role="alert">
      <h1>The drawing tools did not load</h1>
      <p className="soft">The line to the server broke in the middle. What was drawn is safe there.</p>
      <div className="notice-actions">
        <button type="button" className="button button-primary" onClick={() => location.reload()}>
          Reload
        </button>
      </div>
    </section>
  )
}
