import { createClient } from '@interplay/client'
import { serverUrl, visitorToken } from '@interplay/example-kit'
import '@interplay/example-kit/kit.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { IndexPage } from './index-page.tsx'
import './index.css'

const client = createClient({ url: serverUrl(), token: visitorToken() })

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <IndexPage client={client} />
  </StrictMode>,
)
