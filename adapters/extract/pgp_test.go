package extract_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"bellman/adapters/extract"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

var now = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

func clock() gateway.Clock { return gatewaytest.NewClock(now) }

func key(t testing.TB) *openpgp.Entity {
	t.Helper()
	e, err := openpgp.NewEntity("Extract", "", "extract@example.org", &packet.Config{
		Time: func() time.Time { return now.AddDate(-1, 0, 0) }, Algorithm: packet.PubKeyAlgoEdDSA,
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func armored(t testing.TB, kind string, write func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	w, err := armor.Encode(&b, kind, nil)
	if err == nil {
		err = write(w)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func private(t testing.TB, e *openpgp.Entity) string {
	return armored(t, "PGP PRIVATE KEY BLOCK", func(w io.Writer) error { return e.SerializePrivateWithoutSigning(w, nil) })
}

func public(t testing.TB, e *openpgp.Entity) string {
	return armored(t, "PGP PUBLIC KEY BLOCK", e.Serialize)
}

func encrypt(t testing.TB, text []byte, to, signer *openpgp.Entity) []byte {
	t.Helper()
	var b bytes.Buffer
	var signers []*openpgp.Entity
	if signer != nil {
		signers = append(signers, signer)
	}
	config := &packet.Config{Time: func() time.Time { return now }, DefaultCompressionAlgo: packet.CompressionZIP}
	w, err := openpgp.Encrypt(&b, []*openpgp.Entity{to}, nil, signers, nil, config)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(t testing.TB, k *extract.Keys, b []byte) ([]byte, error) {
	t.Helper()
	r, err := k.Open(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func TestAnEncryptedFileIsOpened(t *testing.T) {
	ours, theirs, stranger := key(t), key(t), key(t)
	text := bytes.Repeat([]byte("\"a\",\"b\"\n"), 100_000)
	for _, signers := range []string{"", public(t, theirs)} {
		k, err := extract.NewKeys(private(t, ours), "", signers, clock())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := open(t, k, encrypt(t, text, ours, theirs)); err != nil || !bytes.Equal(got, text) {
			t.Errorf("a signed file: %v", err)
		}
		for what, by := range map[string]*openpgp.Entity{"by nobody": nil, "by a stranger": stranger} {
			_, err := open(t, k, encrypt(t, text, ours, by))
			if (err == nil) != (signers == "") {
				t.Errorf("signed %s, signer asked for %t: %v", what, signers != "", err)
			}
		}
	}
}

func TestALockedKeyNeedsItsPassphrase(t *testing.T) {
	e := key(t)
	locked := key(t)
	if err := locked.EncryptPrivateKeys([]byte("open sesame"), nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ key, passphrase, want string }{
		{private(t, locked), "open sesame", ""},
		{private(t, locked), "sesame", "does not open"},
		{private(t, locked), "", "none is given"},
		{public(t, e), "", "a public one"},
		{"no key", "", "not an armored"},
	} {
		_, err := extract.NewKeys(c.key, c.passphrase, "", clock())
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("want %q: %v", c.want, err)
		}
	}
	if _, err := extract.NewKeys(private(t, e), "", "no key", clock()); err == nil {
		t.Error("a signer's key that is none is accepted")
	}
}

// A changed or cut file must never end as if it were whole, wherever it was
// changed or cut.
func TestAChangedOrCutFileNeverEndsWell(t *testing.T) {
	ours := key(t)
	k, err := extract.NewKeys(private(t, ours), "", "", clock())
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.Repeat([]byte("\"07700 900123\",\"XQCANARY\"\n"), 400)
	whole := encrypt(t, text, ours, nil)
	check := func(what string, at int, b []byte) {
		got, err := open(t, k, b)
		if err == nil && !bytes.Equal(got, text) {
			t.Errorf("%s at %d of %d: read as %d bytes without an error", what, at, len(whole), len(got))
		}
		if err != nil && strings.Contains(err.Error(), "XQ") {
			t.Errorf("%s at %d: the error repeats what stood there", what, at)
		}
	}
	for i := 0; i < len(whole); i++ {
		check("cut", i, whole[:i])
		changed := bytes.Clone(whole)
		changed[i] ^= 0x20
		check("changed", i, changed)
	}
}

func TestWhatIsNotEncryptedToUsIsRefused(t *testing.T) {
	k, err := extract.NewKeys(private(t, key(t)), "", "", clock())
	if err != nil {
		t.Fatal(err)
	}
	for want, b := range map[string][]byte{
		"not encrypted to our key":      encrypt(t, []byte("text"), key(t), nil),
		"it is not an OpenPGP file":     []byte("\"SlotGuid\",\"PatientGuid\"\n"),
		"it is not an OpenPGP file ":    nil,
		"it is an OpenPGP file that is": signedOnly(t),
	} {
		if _, err := open(t, k, b); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(want)) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

func signedOnly(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := openpgp.Sign(&b, []*openpgp.Entity{key(t)}, nil, &packet.Config{Time: func() time.Time { return now }})
	if err == nil {
		_, err = w.Write([]byte("text"))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func FuzzOpen(f *testing.F) {
	ours := key(f)
	k, err := extract.NewKeys(private(f, ours), "", "", clock())
	if err != nil {
		f.Fatal(err)
	}
	text := []byte("\"a\",\"XQCANARY\"\n")
	whole := encrypt(f, text, ours, nil)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add(encrypt(f, text, ours, ours))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := open(t, k, b)
		if err != nil && strings.Contains(err.Error(), "XQ") {
			t.Error("the error repeats what stood there")
		}
		if err == nil && !bytes.Equal(got, text) && bytes.Contains(got, []byte("XQ")) {
			t.Error("a changed file is read without an error")
		}
	})
}
