package tpp

import (
	"cmp"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"bellman/gateway"
)

// throughAgent is the Address of a PC that is reached through its relay.
const throughAgent = "agent"

// The values of Config.ConsentNotRecorded.
const (
	ConsentHold = "hold"
	ConsentSend = "send"
)

// The values of Config.NHSNumberElement.
const (
	ElementTemplates = "NhsNumber" // as in TPP's templates and examples
	ElementSchemas   = "NHSNumber" // as in TPP's schemas
)

// Bounds of the section.
const (
	defaultWindow  = 14
	maxWindow      = 60
	defaultPace    = 1100 // ms
	slowestPace    = 10_000
	livePace       = 1000
	defaultAnswer  = 10 * time.Second
	longestAnswer  = time.Minute
	defaultAge     = 24 * time.Hour
	defaultDetails = 60
	maxDetails     = 90
	// longestBelief is how old a patient's details may be at most and still count.
	// They are asked for again before every text in any case.
	longestBelief = 7 * 24 * time.Hour
)

// Config is the section of a practice that is read from SystmOne.
type Config struct {
	// Address is where the Client Integration listens: agent, through the relay on
	// the practice's PC, or host:port of this machine.
	Address string         `yaml:"address"`
	APIKey  gateway.Secret `yaml:"api_key"` // of the installation, from TPP
	// DeviceID is what SystmOne gave this installation when it was approved. Empty:
	// it is asked for once, a person clicks, and it is kept.
	DeviceID gateway.Secret `yaml:"device_id"`
	// Organisation is the ID of a site that the logged-on SystmOne must have; empty:
	// the practice's ODS code.
	Organisation   string        `yaml:"organisation"`
	Window         int           `yaml:"window"`           // days read ahead, 1 to 60; 0: 14
	PaceMS         int           `yaml:"pace_ms"`          // at least so long between two requests; 0: 1100
	AnswerWithin   time.Duration `yaml:"answer_within"`    // after it a request counts as dropped; 0: 10s
	DetailsAge     time.Duration `yaml:"details_age"`      // then a patient's details are asked for again; 0: 24h
	DetailsPerRead int           `yaml:"details_per_read"` // at most so many patients in one read; 0: 60
	// ConsentNotRecorded is what an empty SMSConsent means: hold (the text waits for
	// a person) or send; empty: hold.
	ConsentNotRecorded string `yaml:"consent_not_recorded"`
	// NHSNumberElement is how requests name the NHS number, on which TPP's own
	// documents disagree: NhsNumber or NHSNumber; empty: NhsNumber.
	NHSNumberElement string `yaml:"nhs_number_element"`
}

func (c Config) withDefaults(practice gateway.ODS) Config {
	c.Organisation = cmp.Or(c.Organisation, string(practice))
	c.Window = cmp.Or(c.Window, defaultWindow)
	c.PaceMS = cmp.Or(c.PaceMS, defaultPace)
	c.AnswerWithin = cmp.Or(c.AnswerWithin, defaultAnswer)
	c.DetailsAge = cmp.Or(c.DetailsAge, defaultAge)
	c.DetailsPerRead = cmp.Or(c.DetailsPerRead, defaultDetails)
	c.ConsentNotRecorded = cmp.Or(c.ConsentNotRecorded, ConsentHold)
	c.NHSNumberElement = cmp.Or(c.NHSNumberElement, ElementTemplates)
	return c
}

// Check gives every fault of the section, with paths relative to it. trial is
// sim or test mode, in which this machine's private networks and a quicker pace
// are taken.
func (c Config) Check(trial bool) []gateway.Fault {
	c = c.withDefaults("")
	var faults []gateway.Fault
	add := func(wrong bool, path, problem string) {
		if wrong {
			faults = append(faults, gateway.Fault{Path: path, Problem: problem})
		}
	}
	problem := addressProblem(c.Address, trial)
	add(problem != "", "address", problem)
	add(c.APIKey.IsZero(), "api_key", "is missing: TPP gives it to the installation")
	add(strings.ContainsFunc(c.Organisation, unprintable), "organisation", "must be the plain ID of a site, such as A81001")
	add(c.Window < 1 || c.Window > maxWindow, "window", "must be 1 to 60 days")
	slowest := c.PaceMS > slowestPace
	add(!trial && c.PaceMS < livePace || c.PaceMS < 1 || slowest, "pace_ms", "must be 1000 to 10000: SystmOne answers at most one request a second")
	add(c.AnswerWithin < time.Second || c.AnswerWithin > longestAnswer, "answer_within", "must be 1s to 60s")
	add(c.DetailsAge < time.Second || c.DetailsAge > longestBelief, "details_age", "must be 1s to 168h")
	add(c.DetailsPerRead < 1 || c.DetailsPerRead > maxDetails, "details_per_read", "must be 1 to 90: a read has less than two minutes")
	add(c.ConsentNotRecorded != ConsentHold && c.ConsentNotRecorded != ConsentSend, "consent_not_recorded", "must be hold or send")
	add(c.NHSNumberElement != ElementTemplates && c.NHSNumberElement != ElementSchemas, "nhs_number_element", "must be NhsNumber or NHSNumber")
	return faults
}

// addressProblem says what is wrong with an address. Patients' data would cross a
// network in clear if the socket were reached from afar, so that in live mode only
// this machine is taken.
func addressProblem(address string, trial bool) string {
	if address == throughAgent {
		return ""
	}
	const form = "must be agent, or host:port of this machine, such as 127.0.0.1:40700"
	host, port, err := net.SplitHostPort(address)
	number, errPort := strconv.ParseUint(port, 10, 16)
	ip, errIP := netip.ParseAddr(cmp.Or(map[string]string{"localhost": "127.0.0.1"}[host], host))
	switch {
	case address == "":
		return "is missing: write agent, and run bellman agent on the practice's PC"
	case err != nil || errPort != nil || number == 0 || errIP != nil:
		return form
	case ip.IsLoopback(), trial && ip.IsPrivate():
		return ""
	}
	return "is another machine, and SystmOne's socket has no encryption: write agent, and run bellman agent there"
}

func unprintable(r rune) bool { return r <= ' ' || r > '~' }
