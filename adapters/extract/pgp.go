package extract

import (
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"bellman/gateway"
)

// largestFile bounds what one encrypted file may hold, in bytes, compressed twice
// over or not: a hundred times the largest extract that was ever heard of.
const largestFile = 512 << 30

// Keys opens OpenPGP files that were encrypted to one key. It is safe for
// concurrent use.
type Keys struct {
	ring    openpgp.EntityList
	signers openpgp.EntityList // of whom one must have signed; empty: nobody need
	clock   gateway.Clock
}

// NewKeys reads an armored private key, unlocked with its passphrase if it is
// locked, and the armored public keys of which one must have signed every file;
// empty: signatures are not looked at. Its errors say what to do, and nothing of
// the key.
func NewKeys(key, passphrase, signers string, clock gateway.Clock) (*Keys, error) {
	ring, err := openpgp.ReadArmoredKeyRing(strings.NewReader(key))
	if err != nil || len(ring) == 0 {
		return nil, fault("the private key is not an armored OpenPGP key: export it with gpg --armor --export-secret-keys")
	}
	k := &Keys{ring: ring, clock: clock}
	for _, e := range ring {
		if e.PrivateKey == nil {
			return nil, fault("the key is a public one: the private key is needed to open files")
		}
		if err := unlock(e, passphrase); err != nil {
			return nil, err
		}
	}
	if signers == "" {
		return k, nil
	}
	known, err := openpgp.ReadArmoredKeyRing(strings.NewReader(signers))
	if err != nil || len(known) == 0 {
		return nil, fault("the signer's key is not an armored OpenPGP public key")
	}
	k.signers, k.ring = known, append(k.ring, known...)
	return k, nil
}

// unlock opens all private parts of a key, of which files are encrypted to one.
func unlock(e *openpgp.Entity, passphrase string) error {
	locked := e.PrivateKey.Encrypted
	for _, s := range e.Subkeys {
		locked = locked || s.PrivateKey != nil && s.PrivateKey.Encrypted
	}
	switch {
	case !locked:
		return nil
	case passphrase == "":
		return fault("the private key is locked with a passphrase, and none is given")
	case e.DecryptPrivateKeys([]byte(passphrase)) != nil:
		return fault("the passphrase does not open the private key")
	}
	return nil
}

// Open gives what is encrypted in r, a binary OpenPGP message such as gpg --encrypt
// makes. What it gives is certain only when
// io.EOF has come: until then the file may turn out to have been changed or cut,
// or not to be signed as it must be, and then the error comes instead. A caller
// that cannot take back what it did reads the file to its end once before.
func (k *Keys) Open(r io.Reader) (io.Reader, error) {
	limit := int64(largestFile)
	config := &packet.Config{Time: func() time.Time { return k.clock.Now() }, MaxDecompressedMessageSize: &limit}
	source := &watched{in: r}
	m, err := openpgp.ReadMessage(source, k.ring, nil, config)
	switch {
	case source.err != nil:
		return nil, fault(Why(source.err))
	case errors.Is(err, pgperrors.ErrKeyIncorrect):
		return nil, fault("it is not encrypted to our key")
	case err != nil:
		return nil, fault("it is not an OpenPGP file that is whole and protected against changes")
	case !m.IsEncrypted:
		return nil, fault("it is an OpenPGP file that is not encrypted")
	}
	return &opened{message: m, source: source, signers: k.signers}, nil
}

// opened is an encrypted file that is being read.
type opened struct {
	message *openpgp.MessageDetails
	source  *watched
	signers openpgp.EntityList
	done    error
}

func (o *opened) Read(p []byte) (int, error) {
	if o.done != nil {
		return 0, o.done
	}
	n, err := o.message.UnverifiedBody.Read(p)
	if err == nil {
		return n, nil
	}
	// What came with the error is given with it: only at a plain end is it certain.
	o.done = o.end(err)
	return n, o.done
}

// end says how the file ended.
func (o *opened) end(err error) error {
	switch {
	case o.source.err != nil:
		return fault(Why(o.source.err))
	case !errors.Is(err, io.EOF):
		return fault("it was changed or cut after it was encrypted")
	case len(o.signers) > 0 && !o.signedByOne():
		return fault("it is not signed by the key that is asked for")
	}
	return io.EOF
}

func (o *opened) signedByOne() bool {
	m := o.message
	return m.IsVerified && m.SignatureError == nil && m.SignedBy != nil && slices.Contains(o.signers, m.SignedBy.Entity)
}

// watched remembers the error by which the file itself, and not what is in it,
// could not be read.
type watched struct {
	in  io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.in.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}
