interface Window {
  /** Where Excalidraw looks for its fonts, in a folder `fonts`. */
  EXCALIDRAW_ASSET_PATH?: string
}
