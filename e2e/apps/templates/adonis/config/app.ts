import env from '#start/env'
import { defineConfig } from '@adonisjs/core/http'

export const appKey = env.get('APP_KEY')
export const http = defineConfig({ generateRequestId: true, cookie: { path: '/', maxAge: '2h', httpOnly: true, secure: true, sameSite: 'lax' } })
