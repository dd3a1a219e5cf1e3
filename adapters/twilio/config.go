package twilio

import (
	"cmp"
	"time"

	"bellman/gateway"
	"bellman/gateway/outbound"
)

// Config is the section twilio of the configuration.
type Config struct {
	AccountSID        string         `yaml:"account_sid"`
	AuthToken         gateway.Secret `yaml:"auth_token"`     // checks signatures; sends when there is no API key
	APIKeySID         string         `yaml:"api_key_sid"`    // optional: sends
	APIKeySecret      gateway.Secret `yaml:"api_key_secret"` // belongs to APIKeySID
	Region            string         `yaml:"region"`         // us1 (also when empty) or ie1
	BaseURL           string         `yaml:"base_url"`       // a simulator's address; refused in live mode
	CustomOptOutWords bool           `yaml:"custom_opt_out_words"`
	MaxPerSecond      int            `yaml:"max_per_second"` // per sender, shared by all replicas; 0: 10
	Timeout           time.Duration  `yaml:"timeout"`        // after it a send's outcome is unknown; 0: 10 s
	Settle            time.Duration  `yaml:"settle"`         // until Twilio's list proves an absence; 0: 60 s
}

// What stands for a key that is not set. Twilio gives every UK number and
// alphanumeric sender ten segments a second.
const (
	defaultMaxPerSecond = 10
	defaultTimeout      = 10 * time.Second
	defaultSettle       = time.Minute
	maxTimeout          = 2 * time.Minute
)

// hosts are Twilio's addresses by region. An account's numbers, tokens and keys
// belong to one region and are refused in the other.
var hosts = map[string]string{
	"":    "https://api.twilio.com",
	"us1": "https://api.twilio.com",
	"ie1": "https://api.dublin.ie1.twilio.com",
}

// WithDefaults gives the section with every unset number filled in.
func (c Config) WithDefaults() Config {
	c.MaxPerSecond = cmp.Or(c.MaxPerSecond, defaultMaxPerSecond)
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	c.Settle = cmp.Or(c.Settle, defaultSettle)
	return c
}

// base is the address that requests go to, without a slash at its end.
func (c Config) base() string {
	if c.BaseURL != "" {
		return trimSlash(c.BaseURL)
	}
	return hosts[c.Region]
}

// Check lists every mistake in the section, with paths relative to it. trial is
// sim or test mode.
func (c Config) Check(trial bool) []gateway.Fault {
	var faults []gateway.Fault
	wrong := func(path, problem string) { faults = append(faults, gateway.Fault{Path: path, Problem: problem}) }

	if !c.accountOK(trial) {
		wrong("account_sid", "must be AC and 32 hexadecimal digits, as the Twilio console shows it")
	}
	if c.AuthToken.IsZero() {
		wrong("auth_token", "is missing: without it no webhook can be believed, and STOP would go unheard")
	}
	c.checkKey(wrong)
	c.checkAddress(trial, wrong)
	if c.MaxPerSecond < 0 {
		wrong("max_per_second", "must be 1 or more")
	}
	if c.Timeout < 0 || c.Timeout > maxTimeout {
		wrong("timeout", "must be between 1ms and 2m")
	}
	if c.Settle < 0 {
		wrong("settle", "must not be negative")
	}
	return faults
}

// accountOK accepts any letters and digits in a trial, where simulators choose
// their own account names; they stand in URLs, hence nothing else.
func (c Config) accountOK(trial bool) bool {
	if trial {
		return len(c.AccountSID) > 2 && c.AccountSID[:2] == "AC" && isAlphanumeric(c.AccountSID)
	}
	return validSID(c.AccountSID, "AC")
}

func (c Config) checkKey(wrong func(path, problem string)) {
	switch {
	case c.APIKeySID == "" && !c.APIKeySecret.IsZero():
		wrong("api_key_sid", "is missing although api_key_secret is given")
	case c.APIKeySID != "" && c.APIKeySecret.IsZero():
		wrong("api_key_secret", "is missing although api_key_sid is given")
	case c.APIKeySID != "" && (len(c.APIKeySID) < 3 || c.APIKeySID[:2] != "SK" || !isAlphanumeric(c.APIKeySID)):
		wrong("api_key_sid", "must begin with SK, as the Twilio console shows it")
	}
}

func (c Config) checkAddress(trial bool, wrong func(path, problem string)) {
	if c.BaseURL != "" {
		if !trial {
			wrong("base_url", "is for simulators: remove it in live mode")
		} else if err := outbound.CheckURL(c.BaseURL, true); err != nil {
			wrong("base_url", err.Error())
		}
		return
	}
	if _, ok := hosts[c.Region]; !ok {
		wrong("region", "must be ie1 (Ireland) or us1 (United States)")
	}
}
