package emis

import (
	"cmp"
	"strings"

	"bellman/gateway"
	"bellman/gateway/outbound"
)

// The values of Config.Format.
const (
	FormatXML  = "xml"
	FormatJSON = "json"
)

// The values of Config.TokenAuth, after RFC 6749 section 2.3.1.
const (
	TokenAuthPost  = "post"
	TokenAuthBasic = "basic"
)

// The values of Config.DateFormat.
const (
	DateFormatUK  = "dd/MM/yyyy"
	DateFormatISO = "iso"
)

// maxWindow is the API's own limit on looking forward, in days.
const maxWindow = 30

// Config is the section of a practice that is read from EMIS.
type Config struct {
	BaseURL       string         `yaml:"base_url"`       // ends before /api/v1
	TokenURL      string         `yaml:"token_url"`      // OAuth2 token endpoint
	ClientID      string         `yaml:"client_id"`      //
	ClientSecret  gateway.Secret `yaml:"client_secret"`  //
	ApplicationID string         `yaml:"application_id"` // header of every call, from EMIS' assurance lead
	Scope         string         `yaml:"scope"`          // asked for with the token; empty: not sent
	Window        int            `yaml:"window"`         // days read ahead, 1 to 30; 0: 30
	Format        string         `yaml:"format"`         // xml or json; empty: xml
	// TokenAuth is how the client proves itself at the token endpoint, which EMIS
	// does not publish: post (in the form) or basic (in a header); empty: post.
	TokenAuth string `yaml:"token_auth"`
	// DateFormat is how dates are written in queries, on which EMIS' own
	// description contradicts itself: dd/MM/yyyy or iso; empty: dd/MM/yyyy.
	DateFormat string `yaml:"date_format"`
	// Organisation is the orgERN that the practice's tokens must carry. Empty: the
	// first token's organisation is kept to until the next start.
	Organisation string `yaml:"organisation"`
	// FileRecord lets opt-outs be filed in patients' records; nil: they are not.
	FileRecord *FileRecord `yaml:"file_record"`
}

func (c Config) withDefaults() Config {
	if c.Window == 0 {
		c.Window = maxWindow
	}
	c.Format = cmp.Or(c.Format, FormatXML)
	c.TokenAuth = cmp.Or(c.TokenAuth, TokenAuthPost)
	c.DateFormat = cmp.Or(c.DateFormat, DateFormatUK)
	return c
}

// Check gives every fault of the section, with paths relative to it. trial is
// sim or test mode, in which plain http and this machine's addresses are taken.
func (c Config) Check(trial bool) []gateway.Fault {
	c = c.withDefaults()
	var faults []gateway.Fault
	add := func(wrong bool, path, problem string) {
		if wrong {
			faults = append(faults, gateway.Fault{Path: path, Problem: problem})
		}
	}
	for _, u := range []struct{ path, value string }{{"base_url", c.BaseURL}, {"token_url", c.TokenURL}} {
		if u.value == "" {
			add(true, u.path, "is missing")
		} else if err := outbound.CheckURL(u.value, trial); err != nil {
			add(true, u.path, err.Error())
		}
	}
	add(strings.HasSuffix(strings.TrimRight(c.BaseURL, "/"), "/api/v1"), "base_url", "must end before /api/v1")
	add(strings.ContainsAny(c.BaseURL, "?#"), "base_url", "must not hold ? or #")
	add(c.ClientID == "", "client_id", "is missing")
	add(c.ClientSecret.IsZero(), "client_secret", "is missing")
	add(c.ApplicationID == "", "application_id", "is missing")
	add(strings.ContainsFunc(c.ApplicationID, unfitForHeader), "application_id", "must be plain letters, digits and punctuation")
	add(c.Window < 1 || c.Window > maxWindow, "window", "must be 1 to 30 days")
	add(c.Format != FormatXML && c.Format != FormatJSON, "format", "must be xml or json")
	add(c.TokenAuth != TokenAuthPost && c.TokenAuth != TokenAuthBasic, "token_auth", "must be post or basic")
	add(c.DateFormat != DateFormatUK && c.DateFormat != DateFormatISO, "date_format", "must be dd/MM/yyyy or iso")
	c.FileRecord.check(add)
	return faults
}

// unfitForHeader reports a character that may not stand in an HTTP header value
// of ours: anything but printable ASCII.
func unfitForHeader(r rune) bool { return r < ' ' || r > '~' }
