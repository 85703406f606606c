// Texts as a status may hold them: cut to a size that counts the bytes they take inside JSON.

import { headOf } from '../journal/stored-text.ts'

export const jsonBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text)) - 2

/** The beginning of `text` that takes at most `bytes` inside JSON. Half characters become replacement characters. */
export const fitting = (text: string, bytes: number): string => {
  const whole = text.toWellFormed()
  let head = headOf(whole, bytes)
  for (let size = jsonBytes(head); size > bytes; size = jsonBytes(head)) {
    head = headOf(head, Math.floor((Buffer.byteLength(head) * bytes) / size) - 1)
  }
  return head
}

/** As `fitting`, with a mark where something is missing. */
export const shortened = (text: string, bytes: number): string => {
  const head = fitting(text, bytes)
  return head.length === text.length ? head : `${fitting(text, bytes - 3)}…`
}

/** RFC 3339 in whole seconds, as Kubernetes writes times. */
export const wholeSeconds = (time: string): string => `${new Date(time).toISOString().slice(0, 19)}Z`

/** `0.4s`, `45s`, `2m18s`, `1h5m`. */
export const durationText = (ms: number): string => {
  if (ms < 10_000) return `${Number((Math.max(0, ms) / 1000).toFixed(1))}s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}m${seconds % 60}s`
  return `${Math.floor(minutes / 60)}h${minutes % 60}m`
}
