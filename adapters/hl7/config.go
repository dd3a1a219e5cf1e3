package hl7

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"bellman/adapters/hl7/message"
	"bellman/gateway"
)

// Config is the section of a practice whose appointments a hospital sends.
type Config struct {
	Listen   string   `yaml:"listen"`   // host:port, or :2575 for every address of this machine
	Allow    []string `yaml:"allow"`    // addresses and prefixes that may send; empty: everybody
	TLS      TLS      `yaml:"tls"`      // none: plain TCP
	Profile  Profile  `yaml:"profile"`  // what this sender means by which field
	Facility Facility `yaml:"facility"` // which messages are this practice's; none: all
	// Silence is how long after the last message an appointment may still be looked
	// at in the moment of sending; 0: two hours. See also policy.stale_after.
	Silence time.Duration `yaml:"silence"`
	// Acknowledge is auto (as MSH-15 and MSH-16 ask) or original (AA, AE and AR
	// whatever they ask); empty: auto.
	Acknowledge string `yaml:"acknowledge"`
	// Refuse says what is answered to a message that can never be understood: reject
	// (AR) or accept (AA, for senders that stop at an AR); empty: reject.
	Refuse string `yaml:"refuse"`
	Limits Limits `yaml:"limits"`
}

// TLS is how the listener proves itself, and asks the sender to.
type TLS struct {
	CertFile     string `yaml:"cert_file"`
	KeyFile      string `yaml:"key_file"`
	ClientCAFile string `yaml:"client_ca_file"` // who signs the senders' certificates; empty: none is asked for
}

// Facility picks the messages of one practice out of a hospital's.
type Facility struct {
	Field string   `yaml:"field"` // such as MSH-4 or PV1-3.4
	Is    []string `yaml:"is"`    // one of these, whatever the case
}

// Limits bound what a sender can take up.
type Limits struct {
	Message     int           `yaml:"message"`     // bytes of one message; 0: 1 MiB
	Time        time.Duration `yaml:"time"`        // from a message's first byte to its last; 0: 30s
	Connections int           `yaml:"connections"` // at the same time; 0: 32
}

// The values of Config.Acknowledge and Config.Refuse.
const (
	AckAuto     = "auto"
	AckOriginal = "original"
	RefuseAR    = "reject"
	RefuseAA    = "accept"
)

func (c Config) withDefaults() Config {
	c.Acknowledge = cmp.Or(c.Acknowledge, AckAuto)
	c.Refuse = cmp.Or(c.Refuse, RefuseAR)
	c.Silence = cmp.Or(c.Silence, 2*time.Hour)
	c.Limits.Message = cmp.Or(c.Limits.Message, 1<<20)
	c.Limits.Time = cmp.Or(c.Limits.Time, 30*time.Second)
	c.Limits.Connections = cmp.Or(c.Limits.Connections, 32)
	return c
}

// Check gives every fault of the section, with paths relative to it. trial is sim
// or test mode, in which anybody may send and the port may be chosen at the start.
func (c Config) Check(trial bool) []gateway.Fault {
	c = c.withDefaults()
	var faults []gateway.Fault
	add := func(wrong bool, path, problem string) {
		if wrong {
			faults = append(faults, gateway.Fault{Path: path, Problem: problem})
		}
	}
	port, ok := portOf(c.Listen)
	add(!ok, "listen", `must be an address to listen on, such as ":2575"`)
	add(ok && port == 0 && !trial, "listen", "has port 0, which is another one at every start: name a port")
	for i, s := range c.Allow {
		_, err := prefix(s)
		add(err != nil, fmt.Sprintf("allow[%d]", i), "must be an address such as 10.1.2.3, or a prefix such as 10.1.0.0/16")
	}
	add(len(c.Allow) == 0 && c.TLS.ClientCAFile == "" && !trial, "allow",
		"is missing: name the addresses that send, or have their certificates checked (tls.client_ca_file). Who can send can cancel")
	if _, err := c.TLS.config(); err != nil {
		add(true, "tls", err.Error())
	}
	_, profile := c.Profile.rules(nil)
	faults = append(faults, profile...)
	if c.Facility.Field != "" {
		_, err := message.ParsePath(c.Facility.Field)
		add(err != nil, "facility.field", "is no place in a message: write it as MSH-4 or PV1-3.4")
	}
	add((c.Facility.Field == "") != (len(c.Facility.Is) == 0), "facility", "needs both field and is: the place that names the facility, and what stands there for this practice")
	add(c.Silence < time.Minute || c.Silence > 7*24*time.Hour, "silence", "must be from 1m to 168h")
	add(c.Acknowledge != AckAuto && c.Acknowledge != AckOriginal, "acknowledge", "must be auto or original")
	add(c.Refuse != RefuseAR && c.Refuse != RefuseAA, "refuse", "must be reject or accept")
	add(c.Limits.Message < 1<<10 || c.Limits.Message > 16<<20, "limits.message", "must be from 1024 to 16777216 bytes")
	add(c.Limits.Time < time.Second || c.Limits.Time > 10*time.Minute, "limits.time", "must be from 1s to 10m")
	add(c.Limits.Connections < 1 || c.Limits.Connections > 1000, "limits.connections", "must be from 1 to 1000")
	return faults
}

func portOf(address string) (uint64, bool) {
	_, port, err := net.SplitHostPort(strings.TrimSpace(address))
	n, bad := strconv.ParseUint(port, 10, 16)
	return n, err == nil && bad == nil
}

// prefix reads an address, which stands for itself, or a prefix.
func prefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}

var (
	errPair     = errors.New("needs both cert_file and key_file, which must be readable and belong together")
	errClientCA = errors.New("client_ca_file must be readable and hold certificates in PEM")
)

// config gives what the listener speaks TLS with; nil: plain TCP.
func (t TLS) config() (*tls.Config, error) {
	if t == (TLS{}) {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
	if err != nil {
		return nil, errPair
	}
	out := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if t.ClientCAFile == "" {
		return out, nil
	}
	pem, err := os.ReadFile(t.ClientCAFile)
	if out.ClientCAs = x509.NewCertPool(); err != nil || !out.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, errClientCA
	}
	out.ClientAuth = tls.RequireAndVerifyClientCert
	return out, nil
}
