package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// MasterKey wraps the keys of the practices. It lives in a file beside the
// configuration and never in Redis. It is safe for concurrent use, and looks into
// its file again when something does not open: another process may have rotated it.
type MasterKey struct {
	path   string
	mu     sync.Mutex
	handle *keyset.Handle
	aead   tink.AEAD
}

// ErrKeyFile means that the key file is missing or cannot be used.
var ErrKeyFile = errors.New("key file")

// NewKeyFile writes a fresh master key to path with mode 0600. It never
// overwrites.
func NewKeyFile(path string) error {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	return writeKeyFile(path, h, os.O_EXCL)
}

func writeKeyFile(path string, h *keyset.Handle, flag int) error {
	var b bytes.Buffer
	if err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&b)); err != nil {
		return fmt.Errorf("write a key: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|flag, 0o600)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	_, err = f.Write(append(b.Bytes(), '\n'))
	return errors.Join(err, f.Sync(), f.Close(), syncDir(filepath.Dir(path)))
}

// ReadKeyFile reads the master key. A file that others may read is refused.
func ReadKeyFile(path string) (*MasterKey, error) {
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s does not exist; make it once with `bellman keys new`, or put back your copy", ErrKeyFile, path)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	if st.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s may be read by others; run chmod 600 on it", ErrKeyFile, path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(b)))
	if err != nil {
		return nil, fmt.Errorf("%w: %s is not a key file of Bellman, or is damaged", ErrKeyFile, path)
	}
	return newMaster(path, h)
}

func newMaster(path string, h *keyset.Handle) (*MasterKey, error) {
	a, err := aead.New(h)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	return &MasterKey{path: path, handle: h, aead: a}, nil
}

// RotateKeyFile adds a fresh master key to the file and makes it the one that
// seals from now on; older ones still open what they sealed. The old file stays
// beside it as path+".before".
func RotateKeyFile(path string) (*MasterKey, error) {
	old, err := ReadKeyFile(path)
	if err != nil {
		return nil, err
	}
	h, err := addKey(old.handle)
	if err != nil {
		return nil, err
	}
	next := path + ".new"
	if err := writeKeyFile(next, h, os.O_EXCL); err != nil {
		return nil, err
	}
	// There is a key file at every moment: other processes may look just now.
	before := path + ".before"
	if err := os.Remove(before); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	if err := os.Link(path, before); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	if err := errors.Join(os.Rename(next, path), syncDir(filepath.Dir(path))); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	return newMaster(path, h)
}

func addKey(h *keyset.Handle) (*keyset.Handle, error) {
	m := keyset.NewManagerFromHandle(h)
	id, err := m.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("add a key: %w", err)
	}
	if err := m.SetPrimary(id); err != nil {
		return nil, fmt.Errorf("add a key: %w", err)
	}
	return m.Handle()
}

// encrypt seals under the newest key of the file that we know.
func (m *MasterKey) encrypt(plain, about []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.aead.Encrypt(plain, about)
}

// decrypt opens what any key of the file sealed.
func (m *MasterKey) decrypt(sealed, about []byte) ([]byte, error) {
	m.mu.Lock()
	a := m.aead
	m.mu.Unlock()
	b, err := a.Decrypt(sealed, about)
	if err == nil || m.reload() != nil {
		return b, err
	}
	m.mu.Lock()
	a = m.aead
	m.mu.Unlock()
	return a.Decrypt(sealed, about)
}

// reload reads the key file again.
func (m *MasterKey) reload() error {
	now, err := ReadKeyFile(m.path)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.handle, m.aead = now.handle, now.aead
	return nil
}
