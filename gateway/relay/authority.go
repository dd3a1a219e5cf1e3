package relay

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net/url"
	"os"
	"strings"
	"time"

	"bellman/gateway"
)

const (
	authorityYears = 20
	agentYears     = 2
	// early is how long before now a certificate begins: PCs' clocks are wrong.
	early = 24 * time.Hour
)

// ErrAuthority means that the authority's file cannot be used: a person must act.
var ErrAuthority = errors.New("agents.ca_file cannot be used")

// Authority signs the certificates by which agents and gateway know each other. Who
// has its file can make a certificate for any practice.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes an authority and its file, readable by its owner alone. It
// never overwrites one: errors.Is(err, fs.ErrExist).
func NewAuthority(path string, now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the agents' authority: %w", err)
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "Bellman agents of this installation"}, NotBefore: now.Add(-early), NotAfter: now.AddDate(authorityYears, 0, 0),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a := &Authority{cert: template, key: key}
	der, err := a.sign(template, &key.PublicKey)
	if err != nil {
		return nil, err
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("make the agents' authority: %w", err)
	}
	private, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	return a, WriteNew(path, append(encodeCert(der), private...))
}

// WriteNew writes a file that is not there yet, readable by its owner alone.
func WriteNew(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fs.ErrExist
	}
	if err != nil {
		return errors.New("the file cannot be made: is its folder there, and writable?")
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.New("the file could not be written whole")
	}
	return nil
}

// ReadAuthority reads the file of an authority. A missing one is fs.ErrNotExist.
func ReadAuthority(path string) (*Authority, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: it is not there; bellman agent new makes it: %w", ErrAuthority, fs.ErrNotExist)
	case err != nil || !info.Mode().IsRegular():
		return nil, fmt.Errorf("%w: it is not a plain file that can be read", ErrAuthority)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("%w: others than its owner can read it: chmod 0600 it", ErrAuthority)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: it cannot be read", ErrAuthority)
	}
	pair, err := tls.X509KeyPair(b, b)
	if err != nil || !pair.Leaf.IsCA {
		return nil, fmt.Errorf("%w: it does not hold a certificate and its key", ErrAuthority)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%w: its key is not one that Bellman makes", ErrAuthority)
	}
	return &Authority{cert: pair.Leaf, key: key}, nil
}

// Bundle is what a practice's PC needs, as PEM.
type Bundle struct {
	Cert, Key, CA []byte
	Serial        string // hexadecimal; for agents.refuse
	Until         time.Time
}

// Issue makes the certificate of a practice's agent.
func (a *Authority) Issue(practice gateway.ODS, now time.Time) (Bundle, error) {
	if !gateway.ValidODS(string(practice)) {
		return Bundle{}, errors.New("not the code of a practice")
	}
	until := now.AddDate(agentYears, 0, 0)
	key, der, err := a.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: "Bellman agent of " + string(practice)}, NotBefore: now.Add(-early), NotAfter: until,
		URIs: []*url.URL{urn(practiceURN + string(practice))}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return Bundle{}, err
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		return Bundle{}, fmt.Errorf("make a certificate: %w", err)
	}
	private, err := encodeKey(key)
	return Bundle{Cert: encodeCert(der), Key: private, CA: encodeCert(a.cert.Raw), Serial: serialOf(made), Until: until}, err
}

// own makes the gateway's own certificate, for its door and for other processes of
// the gateway that come to it.
func (a *Authority) own(now time.Time) (tls.Certificate, error) {
	key, der, err := a.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: serverName}, DNSNames: []string{serverName}, NotBefore: now.Add(-early), NotAfter: now.AddDate(agentYears, 0, 0),
		URIs: []*url.URL{urn(gatewayURN)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

func (a *Authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

func (a *Authority) issue(template *x509.Certificate) (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make a certificate: %w", err)
	}
	der, err := a.sign(template, &key.PublicKey)
	return key, der, err
}

func (a *Authority) sign(template *x509.Certificate, public *ecdsa.PublicKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, public, a.key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	return der, nil
}

func serialOf(c *x509.Certificate) string { return c.SerialNumber.Text(16) }

// plainSerial gives a serial number that a person wrote down as serialOf does.
func plainSerial(s string) string {
	return strings.ToLower(strings.TrimLeft(strings.TrimSpace(s), "0"))
}

func encodeCert(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
