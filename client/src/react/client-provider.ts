import { createContext, createElement, type ReactElement, type ReactNode, useContext } from 'react'
import type { Client } from '../client.ts'

const ClientContext = createContext<Client | null>(null)

/** Gives the client to every `RoomProvider` below. */
export function ClientProvider(props: { client: Client; children?: ReactNode }): ReactElement {
  return createElement(ClientContext.Provider, { value: props.client }, props.children)
}

/** The client of the nearest `ClientProvider`. Throws without one. */
export function useClient(): Client {
  const client = useContext(ClientContext)
  if (!client) throw new Error('useClient() needs a <ClientProvider client={…}> above it')
  return client
}

export function useOptionalClient(): Client | null {
  return useContext(ClientContext)
}
