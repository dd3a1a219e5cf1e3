// Package outbound makes the HTTP clients with which Bellman leaves the
// building. They follow no redirects, bound time and size, refuse addresses that
// a feed has no business with, and fail with errors that hold a host and a
// status and nothing else: never a path, a query or a body, since those may name
// a patient.
package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// Options says what a client may do.
type Options struct {
	// Local allows plain http and addresses of this machine and its private
	// networks: simulators, in sim and test mode only.
	Local bool
	// Private lists networks (such as HSCN ranges) that may be reached in live
	// mode although they are not public.
	Private []netip.Prefix
	Timeout time.Duration // whole exchange; 0: 30 s
	MaxBody int64         // bytes of an answer; 0: 32 MiB
	Idle    int           // idle connections kept per host; 0: 8
	// Once is for requests that change something: each has a connection of its own.
	// On one that is used again, net/http repeats a GET by itself when the far side
	// hangs up.
	Once bool
	// Turn is asked before every exchange and may make it wait, as
	// gateway.Surroundings.Turn does; nil: nobody is asked.
	Turn func(context.Context) error
	// Dated is told the Date that an answer bears; nil: nobody listens.
	Dated func(string)
	// Certificates are shown to servers that want to know who calls; Roots are the
	// authorities by which servers are believed, nil: those of the machine.
	Certificates []tls.Certificate
	Roots        *x509.CertPool
}

// Client is an http.Client behind which addresses are checked.
type Client struct {
	http    *http.Client
	local   bool
	maxBody int64
	turn    func(context.Context) error
	dated   func(string)
}

// Response is a whole answer.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Error says that an exchange failed, without saying what was in it.
type Error struct {
	Host    string
	Status  int    // 0 when there was no answer
	Problem string // "no answer in time", "connection refused", ...
	cause   error  // for errors.Is only; never printed
	unasked bool   // given up before anything left
}

// Error gives host, status and problem.
func (e *Error) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("%s answered %d", e.Host, e.Status)
	}
	return fmt.Sprintf("%s: %s", e.Host, e.Problem)
}

// Is lets errors.Is find a cancelled or expired context, and what a Turn gave up for.
func (e *Error) Is(target error) bool {
	return (e.unasked || target == context.Canceled || target == context.DeadlineExceeded) && errors.Is(e.cause, target)
}

// NotSent reports whether the request certainly never reached the other side.
func (e *Error) NotSent() bool {
	var op *net.OpError
	return e.unasked || errors.Is(e.cause, errForbiddenAddress) || (errors.As(e.cause, &op) && op.Op == "dial")
}

// StatusError makes the error for an answer that the caller does not accept.
func StatusError(r *http.Request, status int) error {
	return &Error{Host: r.URL.Host, Status: status}
}

// Transport makes the round-tripper of a client: address checks, no proxy from
// the environment, HTTP/1.1 (faster here than HTTP/2 for many small calls).
func Transport(o Options) *http.Transport {
	idle := o.Idle
	if idle == 0 {
		idle = 8
	}
	d := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second, Control: guard(o)}
	return &http.Transport{
		DialContext:           d.DialContext,
		MaxIdleConns:          0,
		MaxIdleConnsPerHost:   idle,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
		DisableCompression:    o.Local,
		DisableKeepAlives:     o.Once,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, Certificates: o.Certificates, RootCAs: o.Roots},
	}
}

// guard checks the address at the moment of connecting, after the name was
// resolved, so that a name that changes its mind gains nothing.
func guard(o Options) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return errForbiddenAddress
		}
		ip := ap.Addr().Unmap()
		if o.Local && (ip.IsLoopback() || ip.IsPrivate()) {
			return nil
		}
		for _, p := range o.Private {
			if p.Contains(ip) {
				return nil
			}
		}
		if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || cgnat.Contains(ip) {
			return errForbiddenAddress
		}
		return nil
	}
}

var (
	errForbiddenAddress = errors.New("address is not public")
	cgnat               = netip.MustParsePrefix("100.64.0.0/10")
)

// New makes a client.
func New(o Options) *Client {
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.MaxBody == 0 {
		o.MaxBody = 32 << 20
	}
	return &Client{
		http: &http.Client{
			Transport:     Transport(o),
			Timeout:       o.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		local:   o.Local,
		maxBody: o.MaxBody,
		turn:    o.Turn,
		dated:   o.Dated,
	}
}

// CheckURL says whether a configured address may be used: https with a host and
// without user information; plain http only with Local.
func CheckURL(raw string, local bool) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "":
		return errors.New("is not a web address such as https://host/path")
	case u.User != nil:
		return errors.New("must not hold a user name or password")
	case u.Scheme == "http" && !local:
		return errors.New("must begin with https:// in live mode")
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("must begin with https://")
	}
	return nil
}

// Do carries out one exchange and reads the whole answer. It gives the answer
// whatever its status; the caller decides which it accepts.
func (c *Client) Do(r *http.Request) (*Response, error) {
	if err := CheckURL(r.URL.Scheme+"://"+r.URL.Host, c.local); err != nil {
		return nil, &Error{Host: r.URL.Host, Problem: "address " + err.Error(), unasked: true}
	}
	if c.turn != nil {
		if err := c.turn(r.Context()); err != nil {
			return nil, &Error{Host: r.URL.Host, Problem: turnProblem(err), cause: err, unasked: true}
		}
	}
	res, err := c.http.Do(r)
	if err != nil {
		return nil, &Error{Host: r.URL.Host, Problem: problem(err), cause: err}
	}
	defer func() { _ = res.Body.Close() }()
	if c.dated != nil {
		c.dated(res.Header.Get("Date"))
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, c.maxBody+1))
	if err != nil {
		return nil, &Error{Host: r.URL.Host, Problem: "the answer broke off: " + problem(err), cause: err}
	}
	if int64(len(body)) > c.maxBody {
		return nil, &Error{Host: r.URL.Host, Problem: "the answer is too large"}
	}
	return &Response{Status: res.StatusCode, Header: res.Header, Body: body}, nil
}

// CloseIdle drops idle connections, for an orderly stop.
func (c *Client) CloseIdle() { c.http.CloseIdleConnections() }

func turnProblem(err error) string {
	if errors.Is(err, context.Canceled) {
		return "stopped"
	}
	return "not asked, since that would be more requests than are allowed in the time there is"
}

// problem names the kind of a network error in our own words.
func problem(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(err, errForbiddenAddress):
		return "the address is not public; refused"
	case errors.Is(err, context.Canceled):
		return "stopped"
	case errors.As(err, &dns):
		return "the host name cannot be resolved"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "connection lost"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	}
	return "the exchange failed"
}
