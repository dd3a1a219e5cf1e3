package pdssim_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"bellman/adapters/pds/pdssim"
	"bellman/adapters/surgery"
	"bellman/gateway/gatewaytest"
)

const nhs = "9990000018"

var monday = time.Date(2026, time.November, 16, 10, 0, 0, 0, time.UTC)

type platform struct {
	t   *testing.T
	url string
	key *rsa.PrivateKey
	sim *pdssim.Sim
}

func newPlatform(t *testing.T) *platform {
	t.Helper()
	clock := gatewaytest.NewClock(monday)
	diary := surgery.New(clock)
	diary.Register(surgery.Person{Given: "Iona", Family: "Jessop", NHSNumber: nhs, Mobile: "07700 900201", Born: monday.AddDate(-50, 0, 0)})
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &platform{t: t, key: key, sim: pdssim.New(diary, pdssim.Options{Clock: clock, APIKey: "key", KeyID: "kid", Key: key})}
	server := httptest.NewServer(p.sim)
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func (p *platform) claims() jwt.MapClaims {
	return jwt.MapClaims{"iss": "key", "sub": "key", "aud": p.url + pdssim.TokenPath, "exp": monday.Add(4 * time.Minute).Unix(), "jti": rand.Text()}
}

// token asks for a token, and gives the status and the token.
func (p *platform) token(method jwt.SigningMethod, kid string, claims jwt.MapClaims) (int, string) {
	p.t.Helper()
	t := jwt.NewWithClaims(method, claims)
	t.Header["kid"] = kid
	signed, err := t.SignedString(p.key)
	if err != nil {
		p.t.Fatal(err)
	}
	res, err := http.PostForm(p.url+pdssim.TokenPath, url.Values{
		"grant_type": {"client_credentials"}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {signed},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   string `json:"expires_in"` // a number written as text, as the platform does
	}
	if json.NewDecoder(res.Body).Decode(&answer) != nil {
		p.t.Error("the answer is not of the platform's shape")
	}
	return res.StatusCode, answer.AccessToken
}

func TestAnAssertionOutsideTheRulesIsRefused(t *testing.T) {
	p := newPlatform(t)
	good := p.claims()
	if status, token := p.token(jwt.SigningMethodRS512, "kid", good); status != 200 || token == "" {
		t.Fatalf("a good one is answered with %d", status)
	}
	with := func(name string, v any) jwt.MapClaims {
		c := p.claims()
		c[name] = v
		return c
	}
	for what, x := range map[string]struct {
		method jwt.SigningMethod
		kid    string
		claims jwt.MapClaims
	}{
		"used before":       {jwt.SigningMethodRS512, "kid", good},
		"signed by RS384":   {jwt.SigningMethodRS384, "kid", p.claims()},
		"of another key":    {jwt.SigningMethodRS512, "other", p.claims()},
		"to another place":  {jwt.SigningMethodRS512, "kid", with("aud", p.url)},
		"of somebody else":  {jwt.SigningMethodRS512, "kid", with("sub", "other")},
		"six minutes long":  {jwt.SigningMethodRS512, "kid", with("exp", monday.Add(6*time.Minute).Unix())},
		"that is over":      {jwt.SigningMethodRS512, "kid", with("exp", monday.Add(-time.Minute).Unix())},
		"without an own id": {jwt.SigningMethodRS512, "kid", with("jti", "")},
	} {
		if status, token := p.token(x.method, x.kid, x.claims); status != http.StatusUnauthorized || token != "" {
			t.Errorf("one %s is answered with %d", what, status)
		}
	}
}

func TestAQuestionIsAnsweredByTheRules(t *testing.T) {
	p := newPlatform(t)
	_, token := p.token(jwt.SigningMethodRS512, "kid", p.claims())
	for _, x := range []struct {
		nhs, token, id string
		status         int
		says           string
	}{
		{nhs, token, "1", 200, `"9990000018"`}, {nhs, "x", "1", 401, "ACCESS_DENIED"}, {nhs, token, "", 400, "MISSING_VALUE"},
		{"9990000131", token, "1", 404, "RESOURCE_NOT_FOUND"}, {"123", token, "1", 400, "INVALID_RESOURCE_ID"},
	} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+pdssim.Base+"/Patient/"+x.nhs, nil)
		r.Header.Set("Authorization", "Bearer "+x.token)
		if x.id != "" {
			r.Header.Set("X-Request-ID", x.id)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != x.status || !strings.Contains(string(body), x.says) || res.Header.Get("X-Request-ID") != x.id {
			t.Errorf("%d, want %d with %s", res.StatusCode, x.status, x.says)
		}
	}
}

func TestAPersonCanDecideWhatPDSSays(t *testing.T) {
	p := newPlatform(t)
	post := func(path, body string) int {
		res, err := http.Post(p.url+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	for _, x := range []struct {
		path, body string
		status     int
	}{
		{"/sim/people/" + nhs, `{"death": "1", "died": "2026-11-01T00:00:00Z"}`, 200}, {"/sim/people/" + nhs, `{"dead": true}`, 400},
		{"/sim/faults", `{"too_many": 2, "expire_tokens": true}`, 200}, {"/sim/faults", `[]`, 400},
	} {
		if got := post(x.path, x.body); got != x.status {
			t.Errorf("%s %s: %d, want %d", x.path, x.body, got, x.status)
		}
	}
	res, err := http.Get(p.url + "/sim/people")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, _ := io.ReadAll(res.Body)
	if !strings.Contains(string(body), `"death":"1"`) || p.sim.Faults().TooMany != 2 {
		t.Error("nothing came of it")
	}
}
