package cliniko

import (
	"regexp"
	"slices"
	"strings"

	"bellman/gateway"
	"bellman/gateway/outbound"
)

// The values of Config.OwnReminders.
const (
	// RemindersWithhold withholds our text wherever Cliniko may send one of its own.
	RemindersWithhold = "withhold"
	// RemindersOnceSent withholds our text only where Cliniko has sent one.
	RemindersOnceSent = "once_sent"
)

const (
	defaultFullRead = 6
	longestFullRead = 24
	reasonOther     = 50 // Cliniko's own code for "Other"
)

// cancellationReasons are the codes that Cliniko knows.
var cancellationReasons = []int{10, 20, 30, 31, 40, 50, 60}

// Config is the section of a practice that is read from Cliniko.
type Config struct {
	APIKey gateway.Secret `yaml:"api_key"` // of a Cliniko user who may see every appointment
	// Shard is where the account lives, such as uk1. Empty: the end of the key says it.
	Shard     string `yaml:"shard"`
	UserAgent string `yaml:"user_agent"` // "Name (e-mail)", by which Cliniko can reach the clinic's IT
	// BaseURL ends with /v1. Empty: the shard's. Simulators have another.
	BaseURL string `yaml:"base_url"`
	// FullRead is after how many hours everything is read anew, 1 to 24; 0: 6.
	FullRead int `yaml:"full_read_hours"`
	// OwnReminders says what Cliniko's own reminders mean for ours: withhold or
	// once_sent; empty: withhold.
	OwnReminders string `yaml:"own_reminders"`
	// CancellationReason is the code that a cancellation by text gets in Cliniko; 0:
	// 50, which is "Other".
	CancellationReason int `yaml:"cancellation_reason"`
}

var (
	shardPattern = regexp.MustCompile(`^[a-z]{2}[0-9]{1,2}$`)
	// agentPattern is what Cliniko asks for: a name, and a contact in brackets.
	agentPattern = regexp.MustCompile(`^[!-'*-~][ -'*-~]* \([!-'*-?A-~]+@[!-'*-?A-~]+\.[!-'*-?A-~]+\)$`)
)

// shardOf gives the shard that the key names: what follows its last hyphen.
func shardOf(key string) string {
	if i := strings.LastIndexByte(key, '-'); i >= 0 && shardPattern.MatchString(key[i+1:]) {
		return key[i+1:]
	}
	return ""
}

func (c Config) withDefaults() Config {
	if c.Shard == "" {
		c.Shard = shardOf(c.APIKey.Reveal())
	}
	if c.BaseURL == "" && c.Shard != "" {
		c.BaseURL = "https://api." + c.Shard + ".cliniko.com/v1"
	}
	if c.FullRead == 0 {
		c.FullRead = defaultFullRead
	}
	if c.OwnReminders == "" {
		c.OwnReminders = RemindersWithhold
	}
	if c.CancellationReason == 0 {
		c.CancellationReason = reasonOther
	}
	return c
}

// Check gives every fault of the section, with paths relative to it. trial is
// sim or test mode, in which plain http and this machine's addresses are taken.
func (c Config) Check(trial bool) []gateway.Fault {
	named := shardOf(c.APIKey.Reveal())
	given := c.Shard
	c = c.withDefaults()
	var faults []gateway.Fault
	add := func(wrong bool, path, problem string) {
		if wrong {
			faults = append(faults, gateway.Fault{Path: path, Problem: problem})
		}
	}
	add(c.APIKey.IsZero(), "api_key", "is missing: a Cliniko user creates one under My Info, Manage API keys")
	add(strings.ContainsFunc(c.APIKey.Reveal(), unfitForKey), "api_key", "must be one word of printable characters without a colon")
	add(c.Shard != "" && !shardPattern.MatchString(c.Shard), "shard", "must be two letters and a number, such as uk1")
	add(given != "" && named != "" && given != named, "shard", "differs from the end of api_key: leave it out")
	add(!c.APIKey.IsZero() && c.Shard == "" && c.BaseURL == "", "shard", "is missing, and api_key does not end with one: in a web address of the account, it stands before .cliniko.com")
	add(!agentPattern.MatchString(c.UserAgent), "user_agent", "must be a name and the e-mail address of a contact, such as: Riverside Clinic (it@riverside.example)")
	if c.BaseURL != "" {
		if err := outbound.CheckURL(c.BaseURL, trial); err != nil {
			add(true, "base_url", err.Error())
		}
		add(!strings.HasSuffix(strings.TrimRight(c.BaseURL, "/"), "/v1"), "base_url", "must end with /v1")
		add(strings.ContainsAny(c.BaseURL, "?#"), "base_url", "must not hold ? or #")
	}
	add(c.FullRead < 1 || c.FullRead > longestFullRead, "full_read_hours", "must be 1 to 24")
	add(c.OwnReminders != RemindersWithhold && c.OwnReminders != RemindersOnceSent, "own_reminders", "must be withhold or once_sent")
	add(!slices.Contains(cancellationReasons, c.CancellationReason), "cancellation_reason", "must be 10, 20, 30, 31, 40, 50 or 60")
	return faults
}

// unfitForKey reports a character that may not stand in the user name of Basic
// authentication, or that nobody can see.
func unfitForKey(r rune) bool { return r <= ' ' || r > '~' || r == ':' }
