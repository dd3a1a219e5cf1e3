package cliniko_test

import (
	"slices"
	"strings"
	"testing"

	"bellman/adapters/adaptertest"
	"bellman/adapters/cliniko"
	"bellman/gateway"
	"bellman/gateway/gatewaytest"
)

func TestFaultsOfTheSection(t *testing.T) {
	whole := cliniko.Config{APIKey: gateway.NewSecret("XQKEY-uk1"), UserAgent: userAgent}
	for what, c := range map[string]struct {
		edit  func(*cliniko.Config)
		paths []string
	}{
		"nothing is wrong":                 {func(*cliniko.Config) {}, nil},
		"the shard stands for itself":      {func(c *cliniko.Config) { c.APIKey, c.Shard = gateway.NewSecret("XQKEY"), "uk2" }, nil},
		"a key with hyphens":               {func(c *cliniko.Config) { c.APIKey = gateway.NewSecret("XQ-KEY-J9-uk12") }, nil},
		"the shard is said twice":          {func(c *cliniko.Config) { c.Shard = "uk1" }, nil},
		"no key":                           {func(c *cliniko.Config) { c.APIKey = gateway.Secret{} }, []string{"api_key"}},
		"a key of two words":               {func(c *cliniko.Config) { c.APIKey = gateway.NewSecret("XQKEY uk-uk1") }, []string{"api_key"}},
		"a key with a colon":               {func(c *cliniko.Config) { c.APIKey = gateway.NewSecret("XQKEY:x-uk1") }, []string{"api_key"}},
		"a key without its shard":          {func(c *cliniko.Config) { c.APIKey = gateway.NewSecret("XQKEY") }, []string{"shard"}},
		"another shard than the key's":     {func(c *cliniko.Config) { c.Shard = "au1" }, []string{"shard"}},
		"a shard that is an address":       {func(c *cliniko.Config) { c.APIKey, c.Shard = gateway.NewSecret("XQKEY"), "evil.example/" }, []string{"shard"}},
		"no contact":                       {func(c *cliniko.Config) { c.UserAgent = "Bellman" }, []string{"user_agent"}},
		"a contact without an address":     {func(c *cliniko.Config) { c.UserAgent = "Bellman (IT)" }, []string{"user_agent"}},
		"a contact over two lines":         {func(c *cliniko.Config) { c.UserAgent = "A\r\nX: y (it@riverside.example)" }, []string{"user_agent"}},
		"an address without https":         {func(c *cliniko.Config) { c.BaseURL = "http://clinic.example/v1" }, []string{"base_url"}},
		"an address without its end":       {func(c *cliniko.Config) { c.BaseURL = "https://clinic.example" }, []string{"base_url"}},
		"an address with a query":          {func(c *cliniko.Config) { c.BaseURL = "https://clinic.example/v1?x" }, []string{"base_url", "base_url"}},
		"a full read once a week":          {func(c *cliniko.Config) { c.FullRead = 168 }, []string{"full_read_hours"}},
		"a full read never":                {func(c *cliniko.Config) { c.FullRead = -1 }, []string{"full_read_hours"}},
		"reminders by a word of one's own": {func(c *cliniko.Config) { c.OwnReminders = "ignore" }, []string{"own_reminders"}},
		"a reason that Cliniko has not":    {func(c *cliniko.Config) { c.CancellationReason = 51 }, []string{"cancellation_reason"}},
	} {
		t.Run(what, func(t *testing.T) {
			config := whole
			c.edit(&config)
			var paths []string
			for _, f := range config.Check(false) {
				paths = append(paths, f.Path)
				if f.Problem == "" || strings.Contains(f.Problem, "XQ") {
					t.Errorf("%s: %q", f.Path, f.Problem)
				}
			}
			if !slices.Equal(paths, c.paths) {
				t.Errorf("faults at %q, want %q", paths, c.paths)
			}
			_, err := cliniko.New(config, gateway.Surroundings{Clock: gatewaytest.NewClock(monday), Shelf: gatewaytest.NewShelf()})
			if (err != nil) != (c.paths != nil) {
				t.Errorf("made with error %v", err)
			}
			adaptertest.AssertQuiet(t, []string{"XQKEY"}, err, config)
		})
	}
	if _, err := cliniko.New(whole, gateway.Surroundings{Clock: gatewaytest.NewClock(monday)}); err == nil {
		t.Error("made without a place to remember anything")
	}
}
