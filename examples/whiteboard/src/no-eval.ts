import { z } from 'zod'

// Schemas compile themselves to code from strings, which a strict content security policy forbids.
z.config({ jitless: true })
