package twiliosim

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	webhookTimeout = 15 * time.Second // Twilio's
	maxAnswer      = 64 << 10
	maxRetries     = 5
)

// answer is what the practice's server said.
type answer struct {
	status int
	kind   string // Content-Type
	body   []byte
}

// call posts a signed form, again where the address's connection overrides say
// so (twilio.com/docs/usage/webhooks/webhooks-connection-overrides): without
// any, once more after a failure to connect.
func (s *Sim) call(ctx context.Context, address string, form url.Values) (answer, error) {
	address, overrides, _ := strings.Cut(address, "#")
	retries, policy := readOverrides(overrides)
	var a answer
	var err error
	for try := 0; ; try++ {
		a, err = s.post(ctx, address, form)
		if try >= retries || !policy.again(a, err) || ctx.Err() != nil {
			return a, err
		}
	}
}

type retryPolicy map[string]bool

func readOverrides(fragment string) (int, retryPolicy) {
	retries, policy := 1, retryPolicy{"ct": true}
	q, err := url.ParseQuery(fragment)
	if err != nil {
		return retries, policy
	}
	if n, err := strconv.Atoi(q.Get("rc")); err == nil {
		retries = min(max(n, 0), maxRetries)
	}
	if rp := q.Get("rp"); rp != "" {
		policy = retryPolicy{}
		for _, kind := range strings.Split(rp, ",") {
			policy[kind] = true
		}
	}
	return retries, policy
}

func (p retryPolicy) again(a answer, err error) bool {
	var op *net.OpError
	switch {
	case err != nil && errors.As(err, &op) && op.Op == "dial":
		return p["ct"] || p["all"]
	case err != nil:
		return p["rt"] || p["all"]
	case a.status >= 500:
		return p["5xx"] || p["all"]
	case a.status >= 400:
		return p["4xx"] || p["all"]
	}
	return false
}

func (s *Sim) post(ctx context.Context, address string, form url.Values) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	r.Header.Set("X-Twilio-Signature", sign(s.token, address, form))
	r.Header.Set("User-Agent", "TwilioProxy/1.1")
	res, err := s.web.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return answer{status: res.StatusCode, kind: res.Header.Get("Content-Type"), body: body}, err
}

// sign makes X-Twilio-Signature (twilio.com/docs/usage/security): the address,
// then every key and value in the order of the keys, under the account's token.
func sign(token, address string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(token))
	_, _ = io.WriteString(mac, address)
	for _, key := range slices.Sorted(maps.Keys(form)) {
		values := slices.Clone(form[key])
		slices.Sort(values)
		for _, v := range slices.Compact(values) {
			_, _ = io.WriteString(mac, key+v)
		}
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
