package fhir

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"bellman/adapters/fhirshape"
	"bellman/gateway"
	"bellman/gateway/outbound"
)

// How patient we are with a server that asks us to slow down.
const (
	maxWaits    = 4
	longestWait = 60 * time.Second
	defaultWait = 5 * time.Second
	timeout     = 60 * time.Second
)

// client speaks to one FHIR server and to nothing else.
type client struct {
	base  *url.URL // without a trailing slash
	out   *outbound.Client
	auth  authoriser
	clock gateway.Clock
}

// call is one exchange: a GET, or a POST of a form.
type call struct {
	url  *url.URL
	form url.Values // posted when set
	etag string     // If-None-Match when set
}

// do carries out a call. It gets a new token once when the old one is refused,
// and waits a bounded number of times when the server says that it is asked too
// much. It gives whatever the server answered in the end, but an answer that
// does not know us is an error.
func (c *client) do(ctx context.Context, k call) (*outbound.Response, error) {
	var refused gateway.Secret // the token that the server no longer took
	for waits := 0; ; {
		r, err := c.request(ctx, k)
		if err != nil {
			return nil, err
		}
		token, err := c.auth.authorise(ctx, r, refused)
		if err != nil {
			return nil, err
		}
		res, err := c.out.Do(r)
		if err != nil {
			return nil, err
		}
		switch {
		case res.Status == http.StatusUnauthorized && refused.IsZero() && !token.IsZero():
			refused = token
			continue
		case res.Status == http.StatusUnauthorized:
			return nil, fmt.Errorf("%w: %w", gateway.ErrSourceDenied, outbound.StatusError(r, res.Status))
		case asksToWait(res) && waits < maxWaits:
			waits++
			if err := c.wait(ctx, res.Header.Get("Retry-After")); err != nil {
				return nil, errors.Join(outbound.StatusError(r, res.Status), err)
			}
			continue
		}
		return res, nil
	}
}

func (c *client) request(ctx context.Context, k call) (*http.Request, error) {
	method, body := http.MethodGet, []byte(nil)
	if k.form != nil {
		method, body = http.MethodPost, []byte(k.form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, method, k.url.String(), bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the address cannot be used")
	}
	r.Header.Set("Accept", "application/fhir+json")
	r.Header.Set("Cache-Control", "no-cache")
	if k.form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if k.etag != "" {
		r.Header.Set("If-None-Match", k.etag)
	}
	return r, nil
}

// asksToWait reports whether the server is there but wants to be asked later.
func asksToWait(res *outbound.Response) bool {
	return res.Status == http.StatusTooManyRequests ||
		res.Status == http.StatusServiceUnavailable && res.Header.Get("Retry-After") != ""
}

// wait does what a Retry-After header asks (seconds, or a date), as long as that
// is not longer than longestWait.
func (c *client) wait(ctx context.Context, header string) error {
	d := defaultWait
	if n, err := strconv.Atoi(strings.TrimSpace(header)); err == nil && n >= 0 {
		d = min(time.Duration(n), time.Hour/time.Second) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		d = max(0, at.Sub(c.clock.Now()))
	}
	if d > longestWait {
		return errors.New("it asks us to wait longer than a read may last")
	}
	if !gateway.Wait(ctx, d) {
		return ctx.Err()
	}
	return nil
}

// refusal makes the error for an answer that the caller does not accept. It adds
// the code of FHIR's own list that the server gave, never its words.
func (c *client) refusal(res *outbound.Response) error {
	err := outbound.StatusError(&http.Request{URL: c.base}, res.Status)
	if code := fhirshape.IssueCode(res.Body); code != "" {
		err = fmt.Errorf("%w (%s)", err, code)
	}
	if res.Status == http.StatusForbidden {
		err = fmt.Errorf("%w: %w", gateway.ErrSourceDenied, err)
	}
	return err
}

// read asks for one resource by type and id.
func (c *client) read(ctx context.Context, kind, id, etag string) (*outbound.Response, error) {
	return c.do(ctx, call{url: c.base.JoinPath(kind, id), etag: etag})
}

var errNextElsewhere = errors.New("the link to the next page leads to another address; not followed")

// follow reads a link to the next page. The link is opaque and used as it
// stands, but only when it stays on the same server and under the same path:
// our credentials go nowhere else, and a forged answer cannot send us inside the
// building.
func (c *client) follow(link string) (*url.URL, error) {
	u, err := c.base.JoinPath("/").Parse(link)
	if err != nil || u.User != nil || u.Opaque != "" {
		return nil, errNextElsewhere
	}
	if !fhirshape.SameServer(u, c.base) {
		return nil, errNextElsewhere
	}
	if strings.ContainsAny(u.Path, `\`) || strings.Contains(strings.ToLower(u.EscapedPath()), "%2") || !under(c.base, u) {
		return nil, errNextElsewhere
	}
	return u, nil
}

// under reports whether u is the base itself or lies below it, both as its path
// stands there and as a server may tidy it up ("//", "..").
func under(base, u *url.URL) bool {
	root := path.Clean("/" + base.Path)
	below := func(p string) bool { return p == root || root == "/" || strings.HasPrefix(p, root+"/") }
	return below(u.Path) && below(path.Clean("/"+u.Path))
}
