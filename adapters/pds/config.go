package pds

import (
	"fmt"
	"net/url"
	"slices"
	"time"

	"bellman/gateway"
	"bellman/gateway/outbound"
)

// Which number is texted, where PDS and the practice's own system both speak.
const (
	numberAgree = "agree" // the practice's own, unless PDS has another one
	numberPDS   = "pds"   // that of PDS, and no other
	numberFeed  = "feed"  // the practice's own, whatever PDS has
)

// Config is the adapter's section of the configuration.
type Config struct {
	BaseURL string `yaml:"base_url"` // up to, not including, "/Patient"
	Auth    Auth   `yaml:"auth"`
	// Organisation is the ODS code in whose name PDS is asked; empty: the practice's.
	Organisation string `yaml:"organisation"`
	Number       string `yaml:"number"`   // agree (also when empty), pds or feed
	Required     bool   `yaml:"required"` // a patient without an NHS number is not texted
	// RegisteredWith are the ODS codes of the practices one of which must be the
	// patient's; empty: it does not matter where a patient is registered.
	RegisteredWith []string      `yaml:"registered_with"`
	PerSecond      int           `yaml:"per_second"` // requests of this process for this practice; 0: 5
	Fresh          time.Duration `yaml:"fresh"`      // an answer spares asking again for so long; 0: 1h
	Cache          time.Duration `yaml:"cache"`      // after which what changes something is asked for anew; 0: 24h
}

// Auth is how the NHS API platform knows us.
type Auth struct {
	TokenURL   string         `yaml:"token_url"`
	APIKey     gateway.Secret `yaml:"api_key"`     // of our application: issuer and subject of what we sign
	KeyID      string         `yaml:"key_id"`      // the kid of our public key there
	PrivateKey gateway.Secret `yaml:"private_key"` // PEM, RSA
}

// The defaults and bounds of the section.
const (
	usualFresh   = time.Hour
	usualCache   = 24 * time.Hour
	longestFresh = 12 * time.Hour
	longestCache = 14 * 24 * time.Hour
	usualRate    = 5 // requests a second that an application is granted without more ado
	highestRate  = 500
)

func (c Config) withDefaults(env gateway.Surroundings) Config {
	if c.Organisation == "" {
		c.Organisation = string(env.Practice)
	}
	if c.Number == "" {
		c.Number = numberAgree
	}
	if c.PerSecond == 0 {
		c.PerSecond = usualRate
	}
	if c.Fresh == 0 {
		c.Fresh = usualFresh
	}
	if c.Cache == 0 {
		c.Cache = max(usualCache, c.Fresh)
	}
	return c
}

// Check lists every fault of the section. trial accepts plain http and addresses of
// this machine.
func (c Config) Check(trial bool) []gateway.Fault {
	var faults []gateway.Fault
	add := func(path, problem string) { faults = append(faults, gateway.Fault{Path: path, Problem: problem}) }
	checkAddress := func(path, address string) {
		switch {
		case address == "":
			add(path, "is missing: the page docs/adapters/pds.md lists the addresses")
		case outbound.CheckURL(address, trial) != nil:
			add(path, outbound.CheckURL(address, trial).Error())
		default:
			if u, _ := url.Parse(address); u.RawQuery != "" || u.Fragment != "" {
				add(path, "must end before any ? or #")
			}
		}
	}
	checkAddress("base_url", c.BaseURL)
	checkAddress("auth.token_url", c.Auth.TokenURL)
	c.Auth.check(add)
	if c.Organisation != "" && !gateway.ValidODS(c.Organisation) {
		add("organisation", "is not an ODS code such as A81001")
	}
	if !slices.Contains([]string{"", numberAgree, numberPDS, numberFeed}, c.Number) {
		add("number", "must be agree, pds or feed")
	}
	for i, code := range c.RegisteredWith {
		if !gateway.ValidODS(code) {
			add(fmt.Sprintf("registered_with[%d]", i), "is not an ODS code such as A81001")
		}
	}
	if c.PerSecond < 0 || c.PerSecond > highestRate {
		add("per_second", fmt.Sprintf("must be from 1 to %d", highestRate))
	}
	if c.Fresh < 0 || c.Fresh > longestFresh {
		add("fresh", "must be at most 12h: what is asked of PDS must be about now")
	}
	if c.Cache < 0 || c.Cache > longestCache || c.Cache != 0 && c.Cache < c.Fresh {
		add("cache", "must be at least fresh, and at most 336h")
	}
	return faults
}

func (a Auth) check(add func(path, problem string)) {
	if a.APIKey.IsZero() {
		add("auth.api_key", "is missing: the API key of your application on the NHS API platform")
	}
	if a.KeyID == "" {
		add("auth.key_id", "is missing: the kid under which the platform knows your public key")
	}
	if a.PrivateKey.IsZero() {
		add("auth.private_key", "is missing: give private_key_file, an RSA key in PEM form")
	} else if _, err := signingKey(a); err != nil {
		add("auth.private_key", err.Error())
	}
}
