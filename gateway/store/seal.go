package store

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"bellman/gateway"
)

// practiceKey seals what belongs to one practice, and finds numbers and
// appointments without storing them in clear.
type practiceKey struct {
	practice gateway.ODS
	handle   *keyset.Handle
	aead     tink.AEAD
	mac      []byte
	hashes   sync.Pool // of hash.Hash keyed with mac: keying one costs more than its use
	wrapped  string    // as it stands in Redis
	mark     string    // of its shard when it was read; what it seals goes nowhere else
}

func newPracticeKey(p gateway.ODS) (*practiceKey, error) {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make a key for %s: %w", p, err)
	}
	mac := make([]byte, 32)
	_, _ = rand.Read(mac)
	return openPracticeKey(p, h, mac)
}

func openPracticeKey(p gateway.ODS, h *keyset.Handle, mac []byte) (*practiceKey, error) {
	a, err := aead.New(h)
	if err != nil {
		return nil, fmt.Errorf("open the key of %s: %w", p, err)
	}
	k := &practiceKey{practice: p, handle: h, aead: a, mac: mac}
	k.hashes.New = func() any { return hmac.New(sha256.New, mac) }
	return k, nil
}

// wrap gives the practice's keys sealed under the master key.
func (k *practiceKey) wrap(m *MasterKey) (string, error) {
	var b bytes.Buffer
	if err := insecurecleartextkeyset.Write(k.handle, keyset.NewBinaryWriter(&b)); err != nil {
		return "", fmt.Errorf("wrap the key of %s: %w", k.practice, err)
	}
	sealed, err := m.encrypt(append(append([]byte(nil), k.mac...), b.Bytes()...), wrapData(k.practice))
	if err != nil {
		return "", fmt.Errorf("wrap the key of %s: %w", k.practice, err)
	}
	return string(sealed), nil
}

func unwrap(m *MasterKey, p gateway.ODS, wrapped string) (*practiceKey, error) {
	b, err := m.decrypt([]byte(wrapped), wrapData(p))
	if err != nil || len(b) < 32 {
		return nil, fmt.Errorf("%w: it does not open the key of practice %s that is in Redis; put back the key file that made it", ErrKeyFile, p)
	}
	h, err := insecurecleartextkeyset.Read(keyset.NewBinaryReader(bytes.NewReader(b[32:])))
	if err != nil {
		return nil, fmt.Errorf("open the key of %s: damaged", p)
	}
	k, err := openPracticeKey(p, h, b[:32])
	if err != nil {
		return nil, err
	}
	k.wrapped = wrapped
	return k, nil
}

func wrapData(p gateway.ODS) []byte { return []byte("bellman practice key " + string(p)) }

func (k *practiceKey) seal(plain []byte, about string) ([]byte, error) {
	return k.aead.Encrypt(plain, k.data(about))
}

// errSealed is what opening gives when the record is not what was sealed there.
var errSealed = errors.New("a sealed record cannot be opened")

func (k *practiceKey) open(sealed []byte, about string) ([]byte, error) {
	b, err := k.aead.Decrypt(sealed, k.data(about))
	if err != nil {
		return nil, errSealed
	}
	return b, nil
}

// data binds a sealed value to its practice and place, so that one moved
// elsewhere does not open.
func (k *practiceKey) data(about string) []byte {
	return append(append(make([]byte, 0, len(k.practice)+1+len(about)), k.practice...), "\x00"+about...)
}

func (k *practiceKey) hash(kind byte, s string) [sha256.Size]byte {
	h := k.hashes.Get().(hash.Hash)
	defer k.hashes.Put(h)
	h.Reset()
	_, _ = h.Write(append(append(make([]byte, 0, 1+len(s)), kind), s...))
	var out [sha256.Size]byte
	h.Sum(out[:0])
	return out
}

// Tag stands for a number in keys: a keyed hash, different in every practice.
type Tag = [12]byte

func (k *practiceKey) tag(n gateway.Phone) Tag {
	var t Tag
	if n.IsZero() {
		return t
	}
	h := k.hash('n', n.Reveal())
	copy(t[:], h[:])
	return t
}

func (k *practiceKey) ref(id gateway.AppointmentID) gateway.Ref {
	var r gateway.Ref
	h := k.hash('a', string(id))
	copy(r[:], h[:])
	return r
}

func (k *practiceKey) digest(plain []byte) gateway.Digest {
	var d gateway.Digest
	h := k.hash('d', string(plain))
	copy(d[:], h[:])
	return d
}
