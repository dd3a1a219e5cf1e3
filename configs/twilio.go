package configs

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The bounds of the provider's settings.
const (
	leastTimeout  = time.Second
	mostTimeout   = time.Minute
	leastSettle   = time.Second
	mostSettle    = time.Hour
	settleInLive  = 30 * time.Second // a younger list proves nothing, and a text could go twice
	mostPerSecond = 1000
)

// regions are those of Twilio's that the adapter can reach. Patients' numbers and words are kept there.
var regions = []string{"ie1", "us1"}

var sid = regexp.MustCompile(`^[A-Z]{2}[0-9a-f]{32}$`)

func (t Twilio) check(mode Mode, out *report) {
	simulated := t.BaseURL != "" && mode != Live
	if !simulated || mode == Test {
		t.checkAccount(simulated, out)
	}
	t.checkKey(out)
	t.checkPlace(mode, out)
	if t.MaxPerSecond < 1 || t.MaxPerSecond > mostPerSecond {
		out.fault("twilio.max_per_second", "must be 1 to 1000: what the provider allows the sender, usually 10")
	}
	if t.Timeout < leastTimeout || t.Timeout > mostTimeout {
		out.fault("twilio.timeout", "must be 1s to 60s")
	}
	switch {
	case t.Settle < leastSettle || t.Settle > mostSettle:
		out.fault("twilio.settle", "must be 1s to 1h")
	case mode == Live && t.Settle < settleInLive:
		out.fault("twilio.settle", "must be at least 30s in live mode: a younger list proves nothing, and a patient could be texted twice")
	}
}

func (t Twilio) checkAccount(simulated bool, out *report) {
	switch {
	case t.AccountSID == "":
		out.fault("twilio.account_sid", "is missing: copy it from the provider's console; it begins with AC")
	case !simulated && (!sid.MatchString(t.AccountSID) || !strings.HasPrefix(t.AccountSID, "AC")):
		out.fault("twilio.account_sid", "must be AC and 32 digits or letters a to f: copy it from the provider's console")
	}
	if t.AuthToken.IsZero() {
		out.fault("twilio.auth_token", "is missing: give auth_token_file; without it no reply, and no STOP, can be trusted")
	}
}

func (t Twilio) checkKey(out *report) {
	hasSID, hasSecret := t.APIKeySID != "", !t.APIKeySecret.IsZero()
	switch {
	case hasSID && !strings.HasPrefix(t.APIKeySID, "SK"):
		out.fault("twilio.api_key_sid", "must begin with SK: copy it from the provider's console")
	case hasSID && !hasSecret:
		out.fault("twilio.api_key_secret", "is missing: give api_key_secret_file, or remove api_key_sid")
	case hasSecret && !hasSID:
		out.fault("twilio.api_key_sid", "is missing: give it, or remove api_key_secret")
	}
}

func (t Twilio) checkPlace(mode Mode, out *report) {
	if t.BaseURL == "" {
		if !slices.Contains(regions, t.Region) {
			out.fault("twilio.region", "must say where the texts are kept: ie1 (Ireland) or us1 (United States); keys belong to one region")
		}
		return
	}
	u, err := url.Parse(t.BaseURL)
	switch {
	case mode == Live:
		out.fault("twilio.base_url", "is a simulator's address and is refused in live mode: remove it")
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "":
		out.fault("twilio.base_url", "must be a web address such as http://127.0.0.1:4010")
	}
}
