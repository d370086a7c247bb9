import './no-eval.ts'
import { createClient } from '@interplay/client'
import { ClientProvider } from '@interplay/client/react'
import { serverUrl, ToastProvider, visitorToken } from '@interplay/example-kit'
import '@interplay/example-kit/kit.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import './editor.css'

const client = createClient({ url: serverUrl(), token: visitorToken() })

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <ClientProvider client={client}>
      <ToastProvider>
        <App />
      </ToastProvider>
    </ClientProvider>
  </StrictMode>,
)
