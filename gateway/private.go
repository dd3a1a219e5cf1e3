package gateway

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"unique"
)

// ErrPrivate is returned when somebody marshals a private value. Personal data
// leave the process only through Reveal, whose callers a test lists.
var ErrPrivate = errors.New("private value: not for printing")

const redacted = "[private]"

// private holds one piece of personal data that will not print. The text sits
// behind a unique.Handle, so that printers which walk past String and into
// unexported fields find only a pointer, and it sits there scrambled, so that
// dumpers which follow the pointer find only noise.
type private struct{ h unique.Handle[string] }

func conceal(s string) private { return private{h: unique.Make(scramble(s))} }

func (p private) reveal() string {
	if p == (private{}) {
		return ""
	}
	return scramble(p.h.Value())
}

// noise is drawn anew by every process and never leaves it.
var noise = sync.OnceValue(func() (b [256]byte) {
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return b
})

// scramble is its own inverse. It keeps values off paper, not from an attacker:
// the noise lies in the same memory.
func scramble(s string) string {
	n, b := noise(), []byte(s)
	for i := range b {
		b[i] ^= n[i%len(n)]
	}
	return string(b)
}

// Format prints a fixed word for every verb, so that no fmt directive leaks.
func (private) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue keeps log/slog from looking inside.
func (private) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText refuses, which makes encoding/json and friends refuse too.
func (private) MarshalText() ([]byte, error) { return nil, ErrPrivate }

// Phone is a telephone number in E.164. It does not print.
type Phone struct{ private }

// NewPhone wraps a number already in E.164; parse raw ones with gateway/number.
// The empty string gives the zero Phone.
func NewPhone(e164 string) Phone {
	if e164 == "" {
		return Phone{}
	}
	return Phone{conceal(e164)}
}

// Reveal gives the number in clear. Callers are listed in a test.
func (p Phone) Reveal() string { return p.reveal() }

// IsZero reports whether there is no number.
func (p Phone) IsZero() bool { return p == Phone{} }

// LastThree gives the last three digits, which is all that commands show
// without --reveal; fewer when the number is shorter.
func (p Phone) LastThree() string {
	s := p.reveal()
	if len(s) <= 3 {
		return ""
	}
	return s[len(s)-3:]
}

// NHSNumber is a patient's NHS number, ten digits without spaces. It does not print.
type NHSNumber struct{ private }

// NewNHSNumber wraps an NHS number as the source gave it, spaces removed.
func NewNHSNumber(s string) NHSNumber {
	if s == "" {
		return NHSNumber{}
	}
	return NHSNumber{conceal(s)}
}

// Reveal gives the number in clear. Callers are listed in a test.
func (n NHSNumber) Reveal() string { return n.reveal() }

// IsZero reports whether there is no number.
func (n NHSNumber) IsZero() bool { return n == NHSNumber{} }

// Name is the name a patient is called by. It does not print.
type Name struct{ private }

// NewName wraps a name.
func NewName(s string) Name {
	if s == "" {
		return Name{}
	}
	return Name{conceal(s)}
}

// Reveal gives the name in clear. Callers are listed in a test.
func (n Name) Reveal() string { return n.reveal() }

// IsZero reports whether there is no name.
func (n Name) IsZero() bool { return n == Name{} }

// Text is the words of a message, sent or received. It does not print.
type Text struct{ private }

// NewText wraps words.
func NewText(s string) Text {
	if s == "" {
		return Text{}
	}
	return Text{conceal(s)}
}

// Reveal gives the words in clear. Callers are listed in a test.
func (t Text) Reveal() string { return t.reveal() }

// IsZero reports whether there are no words.
func (t Text) IsZero() bool { return t == Text{} }

// Secret is a password, token or key from the configuration. It does not print.
type Secret struct{ private }

// NewSecret wraps a secret.
func NewSecret(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{conceal(s)}
}

// UnmarshalText reads a secret from the configuration.
func (s *Secret) UnmarshalText(b []byte) error {
	*s = NewSecret(string(b))
	return nil
}

// Reveal gives the secret in clear. Callers are listed in a test.
func (s Secret) Reveal() string { return s.reveal() }

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s == Secret{} }
