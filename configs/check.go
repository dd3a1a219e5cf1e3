package configs

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"bellman/gateway"
)

// check finds what is wrong with the settings that all practices share.
func (c *Config) check(out *report) {
	if c.Mode == "" {
		out.fault("mode", "is missing: write sim, test or live")
	}
	c.checkAllowNumbers(out)
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	if problem := publicProblem(c.PublicURL, c.Mode); problem != "" {
		out.fault("public_url", problem)
	}
	c.checkListen(out)
	c.Agents.check(out)
	url, problem := redisURL(c.Redis.URL.Reveal(), c.Mode)
	if problem != "" {
		out.fault("redis.url", problem)
	}
	c.Redis.URL = gateway.NewSecret(url)
	for _, p := range []struct{ path, value string }{
		{"redis.dir", c.Redis.Dir}, {"keys.file", c.Keys.File}, {"optouts.journal", c.OptOuts.Journal},
	} {
		if p.value == "" {
			out.fault(p.path, "is empty: give a path, or remove the key to have the usual one")
		}
	}
	if c.Provider != "twilio" {
		out.fault("provider", "must be twilio: it is the only provider so far")
	}
	c.Twilio.check(c.Mode, out)
}

// AllowList is the numbers that may be texted outside live mode: whole ones in
// E.164, and prefixes that end in *.
type AllowList []string

// Has reports whether a number in E.164 is on the list.
func (l AllowList) Has(number string) bool {
	for _, entry := range l {
		if prefix, open := strings.CutSuffix(entry, "*"); number == entry || open && strings.HasPrefix(number, prefix) {
			return true
		}
	}
	return false
}

var allowedPrefix = regexp.MustCompile(`^\+[1-9][0-9]{1,13}\*$`)

// dramaPrefix begins the mobile numbers that Ofcom keeps for films and tests.
const dramaPrefix = "+447700900"

func (c *Config) checkAllowNumbers(out *report) {
	const path = "allow_numbers"
	switch {
	case c.Mode == Live && len(c.AllowNumbers) > 0:
		out.fault(path, "is for sim and test only; live texts every patient: remove it, or set mode: test")
		return
	case c.Mode != Live && len(c.AllowNumbers) == 0:
		out.warn(path, "is empty, so nobody is texted: list the phones of the trial")
	}
	for i, n := range c.AllowNumbers {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case !e164.MatchString(n) && !allowedPrefix.MatchString(n):
			out.fault(at, "must be an international number such as +447700900001, or the beginning of one and a *")
		case c.Mode == Test && strings.HasSuffix(n, "*") && len(n) <= len(dramaPrefix):
			out.warn(at, "lets more than a thousand real numbers be texted: list the phones of the trial one by one")
		}
	}
}

// publicProblem looks at the address that the provider calls. Signatures are
// checked against exactly this, so it must leave no room for two readings.
func publicProblem(raw string, mode Mode) string {
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		return "is missing: write the address under which the provider reaches the public door"
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return "must be a web address such as https://texts.example.org"
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(raw, "#"):
		return "must be only scheme, host and path: remove user, query and fragment"
	case u.Path != "" && u.Path != cleanPath(u.Path) || u.RawPath != "":
		return "has a path with dots, double slashes or escapes: write it plainly"
	case mode == Live && u.Scheme != "https":
		return "must begin with https:// in live mode"
	case mode == Live && localHost(u.Hostname()):
		return "points to this machine or its own network, where the provider cannot reach it: write the public name"
	}
	return ""
}

var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+$`)

func cleanPath(p string) string {
	if plainPath.MatchString(p) {
		return p
	}
	return ""
}

// localHost reports whether a host is this machine or an address that is not
// routed on the internet.
func localHost(host string) bool {
	if strings.EqualFold(host, "localhost") || strings.HasSuffix(strings.ToLower(host), ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && (!ip.IsGlobalUnicast() || ip.Unmap().IsPrivate())
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

func (c *Config) checkListen(out *report) {
	doors := []door{
		{path: "listen.public", address: c.Listen.Public, outside: true},
		{path: "listen.staff", address: c.Listen.Staff},
		{path: "listen.ops", address: c.Listen.Ops},
	}
	if c.Listen.Agents != "" {
		doors = append(doors, door{path: "listen.agents", address: c.Listen.Agents, outside: true})
	}
	for i := range doors {
		if !doors[i].parse() {
			out.fault(doors[i].path, `must be host:port, such as "127.0.0.1:8444", or ":8443" for every address of this machine`)
			out.silence(doors[i].path)
		}
		doors[i].check(c.Mode, out)
		for _, other := range doors[:i] {
			if doors[i].clashes(other) && !out.silent(other.path) {
				out.fault(doors[i].path, "is the address of "+other.path+" too: give each door its own port")
			}
		}
	}
	c.checkTLS(out)
}

// door is one address to listen on.
type door struct {
	path, address string
	outside       bool // is meant to be reached from outside
	host          string
	port          uint64
}

var hostForm = regexp.MustCompile(`^[A-Za-z0-9_.:%-]*$`)

func (d *door) parse() bool {
	host, port, err := net.SplitHostPort(d.address)
	number, bad := strconv.ParseUint(port, 10, 16)
	d.host, d.port = host, number
	return err == nil && bad == nil && hostForm.MatchString(host)
}

// everywhere reports whether the door is open on every address of the machine.
func (d *door) everywhere() bool {
	ip, err := netip.ParseAddr(d.host)
	return d.host == "" || err == nil && ip.IsUnspecified()
}

func (d *door) clashes(other door) bool {
	return d.port != 0 && d.port == other.port && (d.host == other.host || d.everywhere() || other.everywhere())
}

func (d *door) check(mode Mode, out *report) {
	switch {
	case mode != Live:
	case d.port == 0:
		out.fault(d.path, "has port 0, which is another one at every start: name a port")
	case !d.outside && (d.everywhere() || !localHost(d.host)):
		out.warn(d.path, "is open to more than this machine: staff pages and metrics belong inside the practice's own network")
	}
}

func (c *Config) checkTLS(out *report) {
	tls := c.Listen.TLS
	if (tls.CertFile == "") != (tls.KeyFile == "") {
		out.fault("listen.tls", "needs both cert_file and key_file: give the other, or remove both")
		return
	}
	for _, p := range []struct{ path, file string }{
		{"listen.tls.cert_file", tls.CertFile}, {"listen.tls.key_file", tls.KeyFile},
	} {
		if p.file == "" {
			continue
		}
		if problem := plainFile(p.file); problem != "" {
			out.fault(p.path, problem)
		}
	}
}
