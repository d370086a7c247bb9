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
