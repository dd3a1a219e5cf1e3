package gpconnect

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"bellman/gateway"
	"bellman/gateway/outbound"
)

// How an appointment of the diary is found again in GP Connect.
const (
	matchStart = "start" // the patient's appointment that begins at the same moment
	matchID    = "id"    // the one with the same id
)

// Config is the adapter's section of the configuration.
type Config struct {
	BaseURL  string   `yaml:"base_url"` // the provider's service root, from the Spine Directory Service
	SSP      string   `yaml:"ssp"`      // the Spine Secure Proxy; empty in a trial only: the provider is asked itself
	From     string   `yaml:"from_asid"`
	To       string   `yaml:"to_asid"`
	TLS      TLS      `yaml:"tls"`
	Networks []string `yaml:"networks"` // private networks (CIDR) in which the proxy may stand, such as HSCN
	// Agreement says who at NHS England agreed, and when, that this practice's
	// reminders may ask unattended. It is not sent; without it nothing is asked.
	Agreement string `yaml:"agreement"`
	JWT       JWT    `yaml:"jwt"`
	Match     string `yaml:"match"`    // start (also when empty) or id
	Required  bool   `yaml:"required"` // a patient without an NHS number is not texted
	// CancelReason is written into an appointment that is cancelled.
	CancelReason string        `yaml:"cancel_reason"`
	Fresh        time.Duration `yaml:"fresh"` // an answer spares asking again for so long; 0: 2m
	Cache        time.Duration `yaml:"cache"` // after which what changes something is asked for anew; 0: 24h
}

// TLS is how the proxy knows us, and we it: certificates in PEM form.
type TLS struct {
	Cert gateway.Secret `yaml:"cert"`
	Key  gateway.Secret `yaml:"key"`
	CA   gateway.Secret `yaml:"ca"` // empty: the authorities that the machine believes
}

// JWT is what every request says of who asks.
type JWT struct {
	Issuer       string       `yaml:"issuer"` // the address of our system
	Device       Device       `yaml:"device"`
	Organisation Organisation `yaml:"organisation"`
	Practitioner Practitioner `yaml:"practitioner"`
}

// Device is the system that asks.
type Device struct {
	System  string `yaml:"system"`
	Value   string `yaml:"value"`
	Model   string `yaml:"model"`
	Version string `yaml:"version"`
}

// Organisation is in whose name is asked.
type Organisation struct {
	ODS  string `yaml:"ods"`
	Name string `yaml:"name"`
}

// Practitioner is the person in whose name is asked, and who answers for it.
type Practitioner struct {
	ID          string `yaml:"id"` // in our system
	Prefix      string `yaml:"prefix"`
	Given       string `yaml:"given"`
	Family      string `yaml:"family"`
	SDSUser     string `yaml:"sds_user_id"`
	SDSRole     string `yaml:"sds_role_profile_id"` // empty: UNK, without a smartcard
	LocalSystem string `yaml:"local_system"`        // of the local user id
	LocalID     string `yaml:"local_id"`
}

// The defaults and bounds of the section.
const (
	usualFresh   = 2 * time.Minute
	usualCache   = 24 * time.Hour
	longestFresh = time.Hour
	longestCache = 14 * 24 * time.Hour
	usualReason  = "Cancelled by the patient"
	longestWords = 200
)

func (c Config) withDefaults() Config {
	if c.Match == "" {
		c.Match = matchStart
	}
	if c.CancelReason == "" {
		c.CancelReason = usualReason
	}
	if c.JWT.Practitioner.SDSRole == "" {
		c.JWT.Practitioner.SDSRole = "UNK"
	}
	if c.Fresh == 0 {
		c.Fresh = usualFresh
	}
	if c.Cache == 0 {
		c.Cache = usualCache
	}
	return c
}

// faults gathers what is wrong.
type faults []gateway.Fault

func (f *faults) add(path, problem string) {
	*f = append(*f, gateway.Fault{Path: path, Problem: problem})
}

// need names what is missing.
func (f *faults) need(path, value, what string) {
	if strings.TrimSpace(value) == "" {
		f.add(path, "is missing: "+what)
	}
}

// Check lists every fault of the section. trial accepts plain http, addresses of
// this machine, and asking a provider without the proxy.
func (c Config) Check(trial bool) []gateway.Fault {
	var f faults
	f.address("base_url", c.BaseURL, trial, "the service root that the Spine Directory Service gives for the practice")
	if c.SSP != "" || !trial {
		f.address("ssp", c.SSP, trial, "the Spine Secure Proxy, through which every request has to go")
	}
	for path, asid := range map[string]string{"from_asid": c.From, "to_asid": c.To} {
		if !digits.MatchString(asid) {
			f.add(path, "must be an ASID, twelve digits: from_asid is our own system's, to_asid the practice's")
		}
	}
	if c.TLS.Cert.IsZero() != c.TLS.Key.IsZero() {
		f.add("tls", "needs both cert_file and key_file")
	} else if _, err := c.TLS.options(); err != nil {
		f = append(f, err.(gateway.Fault))
	}
	if c.TLS.Cert.IsZero() && !trial {
		f.add("tls.cert", "is missing: the proxy lets nobody in without a client certificate; give cert_file and key_file")
	}
	for i, n := range c.Networks {
		if _, err := netip.ParsePrefix(n); err != nil {
			f.add(fmt.Sprintf("networks[%d]", i), "is not a network such as 10.20.0.0/16")
		}
	}
	f.need("agreement", c.Agreement, "GP Connect may not be asked by a machine on its own; say who at NHS England agreed to it for this practice, and when")
	f.words("agreement", c.Agreement)
	if !slices.Contains([]string{"", matchStart, matchID}, c.Match) {
		f.add("match", "must be start or id")
	}
	f.words("cancel_reason", c.CancelReason)
	if c.Fresh < 0 || c.Fresh > longestFresh {
		f.add("fresh", "must be at most 1h: what is asked must be about now")
	}
	if c.Cache < 0 || c.Cache > longestCache || c.Cache != 0 && c.Cache < c.Fresh {
		f.add("cache", "must be at least fresh, and at most 336h")
	}
	c.JWT.check(&f)
	slices.SortStableFunc(f, func(a, b gateway.Fault) int { return strings.Compare(a.Path, b.Path) })
	return f
}

func (f *faults) address(path, address string, trial bool, what string) {
	if address == "" {
		f.add(path, "is missing: "+what)
		return
	}
	if err := outbound.CheckURL(address, trial); err != nil {
		f.add(path, err.Error())
		return
	}
	if u, _ := url.Parse(address); u.RawQuery != "" || u.Fragment != "" {
		f.add(path, "must end before any ? or #")
	}
}

func (f *faults) words(path, value string) {
	if len(value) > longestWords || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' }) {
		f.add(path, "must be at most 200 letters on one line")
	}
}

// digits is what ASIDs and the user ids of the Spine look like.
var digits = regexp.MustCompile(`^[0-9]{12}$`)

// nobody are names that are no person's. GP Connect's rules: the claim shall not be a
// fixed or generic "system" user.
var nobody = []string{"system", "user", "service", "gateway", "bellman", "admin", "administrator", "unattended", "automatic", "reminder", "reminders", "test", "unknown", "unk", "api", "bot"}

func (j JWT) check(f *faults) {
	f.address("jwt.issuer", j.Issuer, true, "the web address of our system, as it was registered")
	f.need("jwt.device.system", j.Device.System, "the system of the device's id")
	f.need("jwt.device.value", j.Device.Value, "the device's id")
	f.need("jwt.device.model", j.Device.Model, "the product's name")
	f.need("jwt.device.version", j.Device.Version, "the product's version")
	if !gateway.ValidODS(j.Organisation.ODS) {
		f.add("jwt.organisation.ods", "must be an ODS code such as A81001, of the organisation that asks")
	}
	f.need("jwt.organisation.name", j.Organisation.Name, "the name of the organisation that asks")
	p := j.Practitioner
	f.need("jwt.practitioner.id", p.ID, "the person's id in our system")
	f.need("jwt.practitioner.given", p.Given, "every question is asked in the name of a person, who answers for it")
	f.need("jwt.practitioner.family", p.Family, "every question is asked in the name of a person, who answers for it")
	for path, name := range map[string]string{"jwt.practitioner.given": p.Given, "jwt.practitioner.family": p.Family, "jwt.practitioner.id": p.ID} {
		if slices.Contains(nobody, strings.ToLower(strings.TrimSpace(name))) {
			f.add(path, "must be a person's: GP Connect's rules forbid a generic or system user")
		}
	}
	if !digits.MatchString(p.SDSUser) {
		f.add("jwt.practitioner.sds_user_id", "must be the person's own id on the Spine, twelve digits")
	}
	f.need("jwt.practitioner.local_system", p.LocalSystem, "the system of the person's local user id, such as https://example.org/Id/user")
	f.need("jwt.practitioner.local_id", p.LocalID, "the person's local user id")
}
