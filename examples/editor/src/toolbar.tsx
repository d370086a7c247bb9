import { IconButton, type IconName } from '@interplay/example-kit'
import { type Editor, useEditorState } from '@tiptap/react'
import { Fragment, type KeyboardEvent, useState } from 'react'

interface Tool {
  readonly icon: IconName
  readonly label: string
  /** `Mod` is Ctrl, or ⌘ on a Mac. */
  readonly keys: string
  run(editor: Editor): void
  /** Undefined for what is done, not switched on. */
  isOn?(editor: Editor): boolean
  can?(editor: Editor): boolean
}

const heading = (level: 1 | 2 | 3): Tool => ({
  icon: `heading${level}`,
  label: `Heading ${level}`,
  keys: `Mod Alt ${level}`,
  run: (editor) => editor.chain().focus().toggleHeading({ level }).run(),
  isOn: (editor) => editor.isActive('heading', { level }),
})

const groups: readonly (readonly Tool[])[] = [
  [
    {
      icon: 'undo',
      label: 'Undo',
      keys: 'Mod Z',
      run: (editor) => editor.chain().focus().undo().run(),
      can: (editor) => editor.can().undo(),
    },
    {
      icon: 'redo',
      label: 'Redo',
      keys: 'Mod Shift Z',
      run: (editor) => editor.chain().focus().redo().run(),
      can: (editor) => editor.can().redo(),
    },
  ],
  [heading(1), heading(2), heading(3)],
  [
    {
      icon: 'bold',
      label: 'Bold',
      keys: 'Mod B',
      run: (editor) => editor.chain().focus().toggleBold().run(),
      isOn: (editor) => editor.isActive('bold'),
    },
    {
      icon: 'italic',
      label: 'Italic',
      keys: 'Mod I',
      run: (editor) => editor.chain().focus().toggleItalic().run(),
      isOn: (editor) => editor.isActive('italic'),
    },
    {
      icon: 'strike',
      label: 'Strikethrough',
      keys: 'Mod Shift S',
      run: (editor) => editor.chain().focus().toggleStrike().run(),
      isOn: (editor) => editor.isActive('strike'),
    },
    {
      icon: 'code',
      label: 'Code',
      keys: 'Mod E',
      run: (editor) => editor.chain().focus().toggleCode().run(),
      isOn: (editor) => editor.isActive('code'),
    },
  ],
  [
    {
      icon: 'bulletList',
      label: 'Bullet list',
      keys: 'Mod Shift 8',
      run: (editor) => editor.chain().focus().toggleBulletList().run(),
      isOn: (editor) => editor.isActive('bulletList'),
    },
    {
      icon: 'orderedList',
      label: 'Numbered list',
      keys: 'Mod Shift 7',
      run: (editor) => editor.chain().focus().toggleOrderedList().run(),
      isOn: (editor) => editor.isActive('orderedList'),
    },
    {
      icon: 'quote',
      label: 'Quote',
      keys: 'Mod Shift B',
      run: (editor) => editor.chain().focus().toggleBlockquote().run(),
      isOn: (editor) => editor.isActive('blockquote'),
    },
    {
      icon: 'codeBlock',
      label: 'Code block',
      keys: 'Mod Alt C',
      run: (editor) => editor.chain().focus().toggleCodeBlock().run(),
      isOn: (editor) => editor.isActive('codeBlock'),
    },
  ],
]
const tools = groups.flat()

export function Toolbar({ editor }: { editor: Editor }) {
  const [reachable, setReachable] = useState(0)
  // One letter per tool: the toolbar renders again only when one of them changes.
  const states = useEditorState({
    editor,
    selector: () => tools.map((tool) => stateOf(tool, editor)).join(''),
  })

  // One stop for Tab, arrows inside: the toolbar pattern of WAI-ARIA.
  const move = (event: KeyboardEvent<HTMLDivElement>) => {
    const buttons = [...event.currentTarget.querySelectorAll('button')]
    const at = buttons.indexOf(event.target as HTMLButtonElement)
    const moves: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }
    const next = moves[event.key]
    if (next === undefined) return
    event.preventDefault()
    const index = (next + buttons.length) % buttons.length
    setReachable(index)
    buttons[index]?.focus()
  }

  return (
    <div className="toolbar" role="toolbar" aria-label="Formatting" onKeyDown={move}>
      {groups.map((group, groupIndex) => (
        <Fragment key={group[0]?.label}>
          {groupIndex > 0 && <span className="toolbar-gap" aria-hidden="true" />}
          {group.map((tool) => {
            const index = tools.indexOf(tool)
            return (
              <IconButton
                key={tool.label}
                icon={tool.icon}
                label={tool.label}
                shortcut={shortcut(tool.keys)}
                tabIndex={index === reachable ? 0 : -1}
                aria-pressed={tool.isOn ? states[index] === '1' : undefined}
                aria-disabled={states[index] === '-' || undefined}
                onFocus={() => setReachable(index)}
                // The editor keeps the focus, and a phone its keyboard.
                onMouseDown={(event) => event.preventDefault()}
                onClick={() => tool.run(editor)}
              />
            )
          })}
        </Fragment>
      ))}
    </div>
  )
}

function stateOf(tool: Tool, editor: Editor): '1' | '0' | '-' {
  if (tool.can && !tool.can(editor)) return '-'
  return tool.isOn?.(editor) ? '1' : '0'
}

const isMac = /Mac|iPhone|iPad/.test(navigator.platform)

function shortcut(keys: string): string {
  if (!isMac) return keys.replace('Mod', 'Ctrl').replaceAll(' ', '+')
  return keys.replace('Mod', '⌘').replace('Alt', '⌥').replace('Shift', '⇧').replaceAll(' ', '')
}
