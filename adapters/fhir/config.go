package fhir

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"bellman/adapters/signed"
	"bellman/gateway"
	"bellman/gateway/outbound"
)

// The ways to show who we are to a FHIR server.
const (
	authNone   = "none"
	authBearer = "bearer"
	authBasic  = "basic"
	authSMART  = "smart-backend"
)

// The limits of the window, in days.
const (
	defaultWindow = 30
	longestWindow = 365
)

// Config is the adapter's section of the configuration. The credentials may
// stand inside `auth:` or beside it, but each only once.
type Config struct {
	BaseURL       string `yaml:"base_url"` // up to, not including, "/Appointment"
	Auth          Auth   `yaml:"auth"`
	Credentials   `yaml:",inline"`
	Server        string   `yaml:"server"`        // standard (empty: that) or millennium
	Locations     []string `yaml:"locations"`     // the server's ids of our places; empty: not asked for by place
	Practitioners []string `yaml:"practitioners"` // the server's ids of our clinicians; instead of locations
	Patients      string   `yaml:"patients"`      // how those that do not come along are asked for: each (empty: that), batch, changed
	Query         Query    `yaml:"query"`         // extra search parameters; an own one with an empty value is left out
	Window        int      `yaml:"window"`        // days ahead that are read; 0: 30
	Networks      []string `yaml:"networks"`      // private networks (CIDR) in which the server may stand
}

// Auth is `auth: bearer` or `auth: {type: bearer, token: ...}`.
type Auth struct {
	Type        string `yaml:"type"`
	Credentials `yaml:",inline"`
}

// Credentials are the keys of all kinds of auth.
type Credentials struct {
	Token      gateway.Secret `yaml:"token"`       // bearer
	User       string         `yaml:"user"`        // basic
	Password   gateway.Secret `yaml:"password"`    // basic
	ClientID   string         `yaml:"client_id"`   // smart-backend, as all below
	KeyID      string         `yaml:"key_id"`      // the kid under which the server knows our public key; empty: that of a JWK
	PrivateKey gateway.Secret `yaml:"private_key"` // PEM, or a JSON Web Key
	Algorithm  string         `yaml:"algorithm"`   // RS384 (default), ES384 or RS512; empty: also that of a JWK
	JWKSURL    string         `yaml:"jwks_url"`    // where our public keys stand, told to the server as jku; empty: not told
	TokenURL   string         `yaml:"token_url"`   // empty: asked of .well-known/smart-configuration
	Scope      string         `yaml:"scope"`       // empty: defaultScope; "none": not sent
}

// FromWord takes the plain form, `auth: none`.
func (a *Auth) FromWord(text string) error {
	a.Type = text
	return nil
}

// UnmarshalYAML accepts a plain word or a mapping.
func (a *Auth) UnmarshalYAML(decode func(any) error) error {
	var word string
	if decode(&word) == nil {
		return a.FromWord(word)
	}
	type mapping Auth
	return decode((*mapping)(a))
}

// Query holds search parameters: `query: "location=1,2"` or a mapping from
// names to a value or a list of values.
type Query url.Values

// FromWord takes the plain form, a URL's query.
func (q *Query) FromWord(text string) error {
	values, err := url.ParseQuery(strings.TrimPrefix(text, "?"))
	if err != nil {
		return errors.New("is not of the form name=value&name=value")
	}
	*q = Query(values)
	return nil
}

// UnmarshalYAML accepts a string in the form of a URL's query, or a mapping.
func (q *Query) UnmarshalYAML(decode func(any) error) error {
	var word string
	if decode(&word) == nil {
		return q.FromWord(word)
	}
	var mapping map[string]any
	if err := decode(&mapping); err != nil {
		return errors.New("query is neither text nor a mapping")
	}
	*q = Query{}
	for name, value := range mapping {
		list, isList := value.([]any)
		if !isList {
			list = []any{value}
		}
		for _, v := range list {
			if v == nil {
				v = ""
			}
			(*q)[name] = append((*q)[name], fmt.Sprint(v))
		}
	}
	return nil
}

// reserved are the parameters that would change what an answer means.
var reserved = []string{"date", "_format", "_summary", "_elements", "_total"}

// Check lists every fault of the section. trial accepts plain http and
// addresses of this machine.
func (c Config) Check(trial bool) []gateway.Fault {
	var faults []gateway.Fault
	add := func(path, problem string) { faults = append(faults, gateway.Fault{Path: path, Problem: problem}) }
	if c.BaseURL == "" {
		add("base_url", "is missing")
	} else if err := outbound.CheckURL(c.BaseURL, trial); err != nil {
		add("base_url", err.Error())
	} else if u, _ := url.Parse(c.BaseURL); u.RawQuery != "" || u.Fragment != "" {
		add("base_url", "must end before any ? or #")
	}
	if c.Window < 0 || c.Window > longestWindow {
		add("window", fmt.Sprintf("must be 1 to %d days", longestWindow))
	}
	faults = append(faults, c.checkSearch()...)
	for _, name := range reserved {
		if _, ok := c.Query[name]; ok {
			add("query."+name, "is set by Bellman itself or would thin out the answer; remove it")
		}
	}
	for i, n := range c.Networks {
		if _, err := netip.ParsePrefix(n); err != nil {
			add(fmt.Sprintf("networks[%d]", i), "is not a network such as 10.20.0.0/16")
		}
	}
	cred, twice := c.credentials()
	for _, key := range twice {
		add(key, "is given both here and inside auth")
	}
	return append(faults, cred.check(c.Auth.Type, trial)...)
}

// credentials merges what stands inside auth and beside it, and lists the keys
// that stand in both places.
func (c Config) credentials() (merged Credentials, twice []string) {
	merged = c.Credentials
	text := func(key string, to *string, inner string) {
		if *to != "" && inner != "" {
			twice = append(twice, key)
		}
		if inner != "" {
			*to = inner
		}
	}
	secret := func(key string, to *gateway.Secret, inner gateway.Secret) {
		if !to.IsZero() && !inner.IsZero() {
			twice = append(twice, key)
		}
		if !inner.IsZero() {
			*to = inner
		}
	}
	in := c.Auth.Credentials
	secret("token", &merged.Token, in.Token)
	text("user", &merged.User, in.User)
	secret("password", &merged.Password, in.Password)
	text("client_id", &merged.ClientID, in.ClientID)
	text("key_id", &merged.KeyID, in.KeyID)
	secret("private_key", &merged.PrivateKey, in.PrivateKey)
	text("jwks_url", &merged.JWKSURL, in.JWKSURL)
	text("algorithm", &merged.Algorithm, in.Algorithm)
	text("token_url", &merged.TokenURL, in.TokenURL)
	text("scope", &merged.Scope, in.Scope)
	return merged, twice
}

// check lists what is missing for one kind of auth.
func (c Credentials) check(kind string, trial bool) []gateway.Fault {
	var faults []gateway.Fault
	need := func(path string, missing bool) {
		if missing {
			faults = append(faults, gateway.Fault{Path: path, Problem: "is missing, needed for auth " + kind})
		}
	}
	switch kind {
	case authNone:
	case authBearer:
		need("token", c.Token.IsZero())
	case authBasic:
		need("user", c.User == "")
		need("password", c.Password.IsZero())
	case authSMART:
		faults = append(faults, c.checkSMART(trial)...)
	case "":
		faults = append(faults, gateway.Fault{Path: "auth", Problem: "is missing: none, bearer, basic or smart-backend"})
	default:
		faults = append(faults, gateway.Fault{Path: "auth", Problem: "must be none, bearer, basic or smart-backend"})
	}
	return faults
}

// checkSMART lists what is wrong with the keys of smart-backend.
func (c Credentials) checkSMART(trial bool) []gateway.Fault {
	var faults []gateway.Fault
	add := func(path, problem string) { faults = append(faults, gateway.Fault{Path: path, Problem: problem}) }
	const missing = "is missing, needed for auth " + authSMART
	if c.ClientID == "" {
		add("client_id", missing)
	}
	known := slices.Contains(signed.Algorithms, c.Algorithm)
	id := c.KeyID
	var unfit error
	if known && !c.PrivateKey.IsZero() {
		var key signed.Key
		if key, unfit = signed.ReadKey(c.PrivateKey, c.Algorithm, c.KeyID); unfit == nil {
			id = key.ID
		}
	}
	if id == "" && unfit == nil {
		add("key_id", missing)
	}
	switch {
	case !known:
		add("algorithm", "must be RS384, ES384 or RS512")
	case c.PrivateKey.IsZero():
		add("private_key", missing)
	case unfit != nil:
		add("private_key", unfit.Error())
	}
	for _, a := range []struct{ path, url string }{{"token_url", c.TokenURL}, {"jwks_url", c.JWKSURL}} {
		if a.url == "" {
			continue
		}
		if err := outbound.CheckURL(a.url, trial); err != nil {
			add(a.path, err.Error())
		}
	}
	return faults
}
