// Package signed gets access tokens from clinical systems that know a caller by a key
// of which they hold the public half: SMART Backend Services, and the NHS API platform
// in its application-restricted mode (both RFC 7523). It reads the private key, signs a
// statement of who we are, and keeps the token that is given for it while it lives.
// Where tokens are to be had, and what for, the adapters say.
package signed
