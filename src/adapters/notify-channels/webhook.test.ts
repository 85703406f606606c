import { expect, test } from 'vitest'
import { signatureOf } from './webhook.ts'

test('a signature is that of the published example of Standard Webhooks', () => {
  expect(
    signatureOf({
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestamp: '1614265330',
      body: '{"test": 2432232314}',
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    }),
  ).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
})

test.each(['whsec_', 'whsec_c2hvcnQ=', 'whsec_not base64 at all!'])('"%s" is no secret', (secret) => {
  expect(signatureOf({ id: 'a', timestamp: '1', body: '', secret })).toBe('not a secret')
})
