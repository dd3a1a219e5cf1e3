// Package configs reads bellman.yaml: one file, strict, in which every mistake
// is reported at once with its path and with what to do about it. It gives the
// rest of the program values that need no second look.
//
// It knows no clinical system: an adapter's section stays as it was written
// until the adapter's own struct is handed to Source.Decode. It reads secrets
// from files and from the environment, and puts neither a value nor any part of
// a file's content into a message: a message names the path and the remedy only.
package configs

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"bellman/gateway"
)

// Config is a whole, checked configuration. Paths in it are absolute.
type Config struct {
	Mode         Mode      `yaml:"mode"`
	AllowNumbers AllowList `yaml:"allow_numbers"`
	PublicURL    string    `yaml:"public_url"` // scheme, host and path, without a slash at the end
	Listen       Listen    `yaml:"listen"`
	Agents       Agents    `yaml:"agents"`
	Redis        Redis     `yaml:"redis"`
	Keys         Keys      `yaml:"keys"`
	OptOuts      OptOuts   `yaml:"optouts"`
	Provider     string    `yaml:"provider"`
	Twilio       Twilio    `yaml:"twilio"`

	Policy    gateway.Policy  `yaml:"-"` // what a practice has that says nothing of its own
	Practices []Practice      `yaml:"-"` // in the order of the file
	Warnings  []gateway.Fault `yaml:"-"` // allowed, and probably not meant
}

// Listen holds the addresses of the doors.
type Listen struct {
	Public string `yaml:"public"` // the provider's webhooks
	Staff  string `yaml:"staff"`  // the console
	Ops    string `yaml:"ops"`    // metrics and health
	Agents string `yaml:"agents"` // relays on practices' PCs; empty: closed
	TLS    TLS    `yaml:"tls"`    // of the public door; without it TLS ends before it
}

// TLS names a certificate and its key, both or neither.
type TLS struct {
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
}

// Redis says where the ledger is kept. The URL is a secret: it may hold a
// password. Several nodes of a cluster come with a comma between them, each with
// its scheme, whether or not the file repeats it.
type Redis struct {
	URL gateway.Secret `yaml:"url"`
	Dir string         `yaml:"dir"` // of the embedded server
}

// Embedded reports whether Bellman runs its own redis-server.
func (r Redis) Embedded() bool { return r.URL.Reveal() == embedded }

// Keys names the file of the sealing keys.
type Keys struct {
	File string `yaml:"file"`
}

// OptOuts names the journal of opt-outs, which is kept outside Redis.
type OptOuts struct {
	Journal string `yaml:"journal"`
}

// Twilio is the provider's section.
type Twilio struct {
	AccountSID        string         `yaml:"account_sid"`
	AuthToken         gateway.Secret `yaml:"auth_token"`     // checks signatures; sends when there is no API key
	APIKeySID         string         `yaml:"api_key_sid"`    // optional
	APIKeySecret      gateway.Secret `yaml:"api_key_secret"` // with APIKeySID
	Region            string         `yaml:"region"`         // "ie1" or "us1"; ignored with BaseURL
	BaseURL           string         `yaml:"base_url"`       // a simulator; empty in live mode
	CustomOptOutWords bool           `yaml:"custom_opt_out_words"`
	MaxPerSecond      int            `yaml:"max_per_second"` // per sender, over all replicas
	Timeout           time.Duration  `yaml:"timeout"`        // after it a send's outcome is unknown
	Settle            time.Duration  `yaml:"settle"`         // before the provider's list proves an absence
}

// Practice is one practice with how and when its diary is read.
type Practice struct {
	gateway.Practice
	Poll string // five-field cron in London time, or "@every 2s"
	// MaxRequests is the most requests a minute that each process makes to the
	// practice's clinical system.
	MaxRequests int
	Complaints  string // whom patients may complain to, as the practice says it; "": ring the practice
	Writes      Writes
	Source      Source
	Checks      []Source // what is asked beside the source, in this order
}

// Default gives the settings that stand when the file says nothing. Its paths
// are still relative.
func Default() Config {
	policy := defaultPolicy()
	return Config{
		Listen:   Listen{Public: ":8443", Staff: "127.0.0.1:8444", Ops: "127.0.0.1:9090"},
		Agents:   Agents{CAFile: "agents-ca.pem"},
		Redis:    Redis{Dir: "data"},
		Keys:     Keys{File: "bellman.keys"},
		OptOuts:  OptOuts{Journal: "optouts.journal"},
		Provider: "twilio",
		Twilio:   Twilio{MaxPerSecond: 10, Timeout: 10 * time.Second, Settle: time.Minute},
		Policy:   policy.domain(),
	}
}

// maxFile bounds a configuration; a thousand practices fit many times.
const maxFile = 4 << 20

// Load reads the file at path. env looks up a variable, as os.LookupEnv does.
// The error is a Faults; relative paths are taken from the file's folder.
func Load(path string, env func(string) (string, bool)) (*Config, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, Faults{{Path: path, Problem: "the working directory cannot be found: give an absolute path"}}
	}
	b, problem := readConfig(abs)
	if problem != "" {
		return nil, Faults{{Path: path, Problem: problem}}
	}
	return Parse(b, filepath.Dir(abs), env)
}

func readConfig(path string) ([]byte, string) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, "there is no such file: copy configs/bellman.example.yaml there, or give --config"
	case err != nil:
		return nil, "the file cannot be opened: check its permissions"
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, "the file cannot be read: is it a folder?"
	case len(b) > maxFile:
		return nil, "the file is larger than 4 MiB: this is not a configuration"
	}
	return b, ""
}

// document is what stands in the file: the settings, and the sections that need
// a second step.
type document struct {
	Config    `yaml:",inline"`
	Policy    policySection     `yaml:"policy"`
	Practices []practiceSection `yaml:"practices"`
}

// Parse reads a configuration that lies in the folder dir (absolute). The error
// is a Faults.
func Parse(b []byte, dir string, env func(string) (string, bool)) (*Config, error) {
	out := &report{}
	root := parseTree(b, out)
	expand(root, "", env, out)
	doc := document{Config: Default(), Policy: defaultPolicy()}
	files := files{dir: dir, live: peekMode(root) == Live}
	bindInto(&doc, root, "", binder{out: out, files: files})
	cfg := &doc.Config
	cfg.place(dir)
	cfg.Policy = doc.Policy.domain()
	cfg.check(out)
	checkPolicy(doc.Policy, cfg.Mode, "policy", out)
	cfg.Practices = practices(doc, root, files, out)
	cfg.Warnings = out.warnings
	if len(out.faults) > 0 {
		return nil, out.faults
	}
	return cfg, nil
}

// place makes the paths absolute.
func (c *Config) place(dir string) {
	for _, p := range []*string{
		&c.Redis.Dir, &c.Keys.File, &c.OptOuts.Journal, &c.Agents.CAFile, &c.Listen.TLS.CertFile, &c.Listen.TLS.KeyFile,
	} {
		*p = absolute(dir, *p)
	}
}

func absolute(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
