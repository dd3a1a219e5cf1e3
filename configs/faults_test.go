package configs_test

import (
	"strings"
	"testing"
)

// change gives the text with one line (found by its start) replaced.
func change(t *testing.T, text, start, line string) string {
	t.Helper()
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.HasPrefix(strings.TrimLeft(l, " -"), start) {
			indent := l[:strings.Index(l, start)]
			lines[i] = indent + line
			return strings.Join(lines, "\n")
		}
	}
	t.Fatalf("no line begins with %q", start)
	return ""
}

// Each row is one mistake in an otherwise good file: it gets exactly one message,
// with this path and these words in it.
func TestOneMistakeOneMessage(t *testing.T) {
	const p = "practices[0]."
	for _, c := range []struct{ text, start, line, path, words string }{
		{small, "mode", "mode: demo", "mode", "sim, test or live"},
		{small, "mode", "mode: [sim]", "mode", "one plain value"},
		{small, "allow_numbers", "allow_numbers: ['07700900001']", "allow_numbers[0]", "international"},
		{small, "allow_numbers", "allow_numbers: ['*']", "allow_numbers[0]", "international"},
		{small, "allow_numbers", "allow_numbers: '+447700900001'", "allow_numbers", "must be a list"},
		{live, "mode", "mode: live\nallow_numbers: ['+447700900001']", "allow_numbers", "sim and test only"},
		{live, "public_url", "public_url: http://texts.example.org", "public_url", "https"},
		{live, "public_url", "public_url: https://127.0.0.1", "public_url", "cannot reach"},
		{live, "public_url", "public_url: https://localhost:8443", "public_url", "cannot reach"},
		{live, "public_url", "public_url: 'https://[::1]/'", "public_url", "cannot reach"},
		{live, "public_url", "public_url: https://192.168.1.4", "public_url", "cannot reach"},
		{small, "public_url", "public_url: https://h.example/a/../b", "public_url", "plainly"},
		{small, "public_url", "public_url: https://h.example//a", "public_url", "plainly"},
		{small, "public_url", "public_url: https://h.example/a%2fb", "public_url", "plainly"},
		{small, "public_url", "public_url: https://h.example/?a=b", "public_url", "only scheme"},
		{small, "public_url", "public_url: 'https://h.example/#'", "public_url", "only scheme"},
		{small, "public_url", "public_url: https://user@h.example", "public_url", "only scheme"},
		{small, "public_url", "public_url: texts.example.org", "public_url", "web address"},
		{small, "redis", "listen: {public: ':99999'}\nredis: {url: embedded}", "listen.public", "host:port"},
		{small, "redis", "listen: {ops: ':8444'}\nredis: {url: embedded}", "listen.ops", "listen.staff"},
		{small, "redis", "listen: {tls: {cert_file: a.pem}}\nredis: {url: embedded}", "listen.tls", "both"},
		{small, "redis", "redis: {url: 'http://h'}", "redis.url", "embedded"},
		{small, "redis", "redis: {url: 'redis://a:1,rediss://b:2'}", "redis.url", "alike"},
		{small, "redis", "redis: {url: 'redis://a:1,b:70000'}", "redis.url", "embedded"},
		{small, "redis", "redis: {url: 'redis://a:1/zero'}", "redis.url", "database"},
		{small, "redis", "redis: {url: 'unix://redis.sock'}", "redis.url", "unix:///"},
		{small, "redis", "redis: {url: embedded, dir: ''}", "redis.dir", "empty"},
		{live, "redis", "redis: {url: 'redis://redis.example.org:6379'}", "redis.url", "rediss://"},
		{live, "redis", "redis: {url: 'redis://127.0.0.1:6379,redis.example.org:6379'}", "redis.url", "rediss://"},
		{small, "redis", "provider: telegram\nredis: {url: embedded}", "provider", "twilio"},
		{small, "base_url", "base_url: ftp://h", "twilio.base_url", "web address"},
		{live, "region", "region: ie1\n  base_url: http://127.0.0.1:4010", "twilio.base_url", "refused in live"},
		{live, "region", "region: ireland", "twilio.region", "ie1"},
		{live, "account_sid", "account_sid: AC123", "twilio.account_sid", "AC and 32"},
		{live, "auth_token", "auth_token: ''", "twilio.auth_token", "missing"},
		{live, "region", "region: ie1\n  api_key_sid: SKx", "twilio.api_key_secret", "missing"},
		{live, "region", "region: ie1\n  api_key_secret: x", "twilio.api_key_sid", "missing"},
		{live, "region", "region: ie1\n  settle: 10s", "twilio.settle", "30s"},
		{small, "base_url", "base_url: http://h\n  timeout: 2m", "twilio.timeout", "60s"},
		{small, "base_url", "base_url: http://h\n  timeout: 0s", "twilio.timeout", "1s"},
		{small, "base_url", "base_url: http://h\n  timeout: '10'", "twilio.timeout", "time span"},
		{small, "base_url", "base_url: http://h\n  settle: 2h", "twilio.settle", "1h"},
		{small, "base_url", "base_url: http://h\n  max_per_second: 0", "twilio.max_per_second", "1 to 1000"},
		{small, "base_url", "base_url: http://h\n  max_per_second: 2.5", "twilio.max_per_second", "whole number"},
		{small, "base_url", "base_url: http://h\n  custom_opt_out_words: yes", "twilio.custom_opt_out_words", "true or false"},
		{small, "base_url", "base_url: http://h\n  auth_tokn: x", "twilio.auth_tokn", "did you mean auth_token?"},
		{small, "base_url", "base_url: http://h\n  colour: red", "twilio.colour", "remove it"},
		{small, "base_url", "base_url: http://h\n  region_file: x", "twilio.region_file", "not a key"},
		{small, "ods", "ods: A81001!", p + "ods", "capitals"},
		{small, "name", "name: " + strings.Repeat("long ", 9), p + "name", "40"},
		{small, "name", `name: "one\ntwo"`, p + "name", "one line"},
		{small, "name", "name: '{practice} <b>'", p + "name", "worded"},
		{small, "phone", "phone: ring us", p + "phone", "telephone"},
		{small, "phone", "phone: '01632 960001 or 01632 960002'", p + "phone", "one telephone"},
		{small, "nation", "nation: cornwall", p + "nation", "england"},
		{small, "sender", "sender: '447700900001'", p + "sender", "at most 11"},
		{small, "sender", "sender: '07700900001'", p + "sender", "+44"},
		{small, "sender", "sender: '+44 7700 900001'", p + "sender", "without spaces"},
		{small, "sender", "sender: River Side", p + "sender", "without spaces"},
		{small, "sender", "sender: NHSNoReply", p + "sender", "general names"},
		{small, "sender", "sender: Reminders", p + "sender", "general names"},
		{small, "poll", "poll: every hour", p + "poll", "five-field cron"},
		{small, "poll", "poll: 'TZ='", p + "poll", "London"},
		{small, "poll", "poll: 'CRON_TZ=UTC * * * * *'", p + "poll", "London"},
		{small, "poll", "poll: '30 20 * * *'", p + "poll", "nothing could be sent"},
		{small, "source", "source: emis", p + "source", "keys"},
		{small, "source", "source: {base_url: x}", p + "source.type", "missing"},
		{small, "source", "source: {type: emis}\n    polcy: {}", p + "polcy", "did you mean policy?"},
		{small, "mode", "mode: sim\npolicy: {reminders: []}", "policy.reminders", "at least one"},
		{small, "mode", "mode: sim\npolicy: {reminders: [{before: 1d}, {before: 1d}]}", "policy.reminders[1].before", "same"},
		{small, "mode", "mode: sim\npolicy: {reminders: [{before: 2h}, {before: 120m}]}", "policy.reminders[1].before", "same"},
		{small, "mode", "mode: sim\npolicy: {reminders: [{before: 1h}]}", "policy.reminders[0].before", "latest"},
		{small, "mode", "mode: sim\npolicy: {latest: 23h, reminders: [{before: 1d}]}", "policy.reminders[0].before", "latest"},
		{small, "mode", "mode: sim\npolicy: {reminders: [{befor: 1d}]}", "policy.reminders[0].befor", "did you mean before?"},
		{small, "mode", "mode: sim\npolicy: {reminders: [{before: tomorrow}]}", "policy.reminders[0].before", "lead time"},
		{small, "mode", "mode: sim\npolicy: {reminders: [1d]}", "policy.reminders[0]", "keys"},
		{small, "mode", "mode: sim\npolicy: {latest: 10m}", "policy.latest", "15m"},
		{small, "mode", "mode: sim\npolicy: {latest: 1d}", "policy.latest", "24h"},
		{small, "mode", "mode: sim\npolicy: {stale_after: 73h}", "policy.stale_after", "72h"},
		{small, "mode", "mode: sim\npolicy: {stale_after: 0s}", "policy.stale_after", "more than 0"},
		{small, "mode", "mode: sim\npolicy: {wording: funny}", "policy.wording", "default"},
		{small, "mode", "mode: sim\npolicy: {family: true}", "policy.family", "first_name"},
		{small, "mode", "mode: sim\npolicy: {first_name: Sam}", "policy.first_name", "true or false"},
		{small, "mode", "mode: sim\npolicy: {accents: remove}", "policy.accents", "keep or drop"},
		{small, "mode", "mode: sim\npolicy: {cancel_by_text: maybe}", "policy.cancel_by_text", "true or false"},
		{small, "mode", "mode: sim\npolicy: {sites: {quay: ''}}", "policy.sites.quay", "is empty"},
		{small, "mode", "mode: sim\npolicy: {sites: {quay: 'Quay HIV Clinic'}}", "policy.sites.quay", "HAZ-02"},
		{small, "mode", "mode: sim\npolicy: {sites: {quay: 'quay.example.co.uk'}}", "policy.sites.quay", "R24"},
		{small, "mode", "mode: sim\npolicy: {sites: {quay: '" + strings.Repeat("long ", 9) + "'}}", "policy.sites.quay", "40"},
		{small, "mode", "mode: sim\npolicy: {sites: quay}", "policy.sites", "keys"},
		{small, "mode", "mode: sim\npolicy: {cost_line: {pounds: 30}}", "policy.cost_line.source", "missing"},
		{small, "mode", "mode: sim\npolicy: {cost_line: {source: NHS England}}", "policy.cost_line.pounds", "whole pounds"},
		{small, "mode", "mode: sim\npolicy: {cost_line: {pounds: 5000, source: x}}", "policy.cost_line.pounds", "1000"},
		{small, "mode", "mode: sim\npolicy: {cost_line: {pounds: 30, sauce: x, source: y}}", "policy.cost_line.sauce", "did you mean source?"},
		{small, "source", "source: {type: emis}\n    policy: {sites: {quay: 'Antenatal'}}", p + "policy.sites.quay", "HAZ-02"},
		{small, "sender", "sender: Riverside\n    policy: {cancel_by_text: true}", p + "policy.cancel_by_text", "answer"},
		{small, "mode", "mode: sim\npolicy: {sites: {quay: '{place}'}}", "policy.sites.quay", "HAZ-19"},
		{small, "name", "name: Riverside HIV Clinic", p + "name", "HAZ-02"},
		{small, "name", "name: riverside.co.uk", p + "name", "R24"},
		{small, "source", "source: {type: emis}\n    complaints: \"one\\ntwo\"", p + "complaints", "one line"},
		{answered, "nation", "nation: wales\n    policy: {cancel_by_text: true, cost_line: {pounds: 30, source: x}, sites: {quay: 'The Old Health Centre on the Quay'}}", p + "policy", "cost_line"},
		{small, "mode", "mode: sim\npolicy: {booked_late: maybe}", "policy.booked_late", "withhold"},
		{small, "mode", "mode: sim\npolicy: {window: {days: []}}", "policy.window.days", "at least one"},
		{small, "mode", "mode: sim\npolicy: {window: {days: [mon, mon]}}", "policy.window.days[1]", "twice"},
		{small, "mode", "mode: sim\npolicy: {window: {days: [moon, sun]}}", "policy.window.days[0]", "mon, tue"},
		{small, "mode", "mode: sim\npolicy: {window: {from: '19:00'}}", "policy.window.from", "earlier"},
		{small, "mode", "mode: sim\npolicy: {window: {from: '01:30'}}", "policy.window.from", "twice a year"},
		{small, "mode", "mode: sim\npolicy: {window: {from: '00:00', to: '02:00'}}", "policy.window.to", "twice a year"},
		{small, "mode", "mode: sim\npolicy: {window: {to: '25:00'}}", "policy.window.to", "time of day"},
		{small, "mode", "mode: sim\npolicy: {window: {to: '24:01'}}", "policy.window.to", "time of day"},
		{small, "mode", "mode: sim\npolicy: {window: {to: 8:00}}", "policy.window.to", "time of day"},
		{small, "source", "source: {type: emis}\n    policy: {latest: 5m}", p + "policy.latest", "15m"},
		{live, "mode", "mode: live\npolicy: {stale_after: 1m}", "policy.stale_after", "5m"},
		{small, "mode", "mode: &m sim", "mode", "anchors"},
		{small, "mode", "mode: ${BELLMAN_MODE}", "mode", "BELLMAN_MODE is not set"},
		{small, "mode", "mode: ${}", "mode", "${NAME}"},
		{small, "mode", "mode: sim\nmode: sim", "mode", "twice"},
		{small, "practices", "practices: [\nx: :", "configuration", "YAML"},
	} {
		faults := faultsOf(t, change(t, c.text, c.start, c.line))
		if len(faults) != 1 || faults[0].Path != c.path || !strings.Contains(faults[0].Problem, c.words) {
			t.Errorf("%q gives %d faults:\n%v\nwant one at %s with %q", c.line, len(faults), faults, c.path, c.words)
		}
	}
}

func TestNothingOrSeveralDocumentsAreOneFault(t *testing.T) {
	for _, text := range []string{"", "# only words\n", "---\n", small + "---\n" + small, "- a\n- b\n", "\xff\xfe"} {
		if faults := faultsOf(t, text); len(faults) != 1 || faults[0].Path != "configuration" {
			t.Errorf("%.20q gives %v", text, faults)
		}
	}
}

func TestTwoPracticesShareNeitherCodeNorSender(t *testing.T) {
	_, second, _ := strings.Cut(small, "practices:\n")
	faults := faultsOf(t, small+second)
	if len(faults) != 2 || faults[0].Path != "practices[1].ods" || faults[1].Path != "practices[1].sender" {
		t.Errorf("two equal practices give %v", faults)
	}
	named := strings.Replace(change(t, small+second, "sender", "sender: Riverside"), "+447700900001", "RIVERSIDE", 1)
	faults = faultsOf(t, strings.Replace(named, "A81001", "A81002", 1))
	if len(faults) != 1 || faults[0].Path != "practices[1].sender" {
		t.Errorf("names that differ in case only give %v", faults)
	}
}

func TestAFaultInTheCommonPolicyIsNotToldForEveryPractice(t *testing.T) {
	faults := faultsOf(t, small+"    policy: {window: {to: '17:00'}}\npolicy: {latest: 5m}\n")
	if len(faults) != 1 || faults[0].Path != "policy.latest" {
		t.Errorf("got %v", faults)
	}
	faults = faultsOf(t, small+"    policy: {latest: 30h}\n")
	if len(faults) != 1 || faults[0].Path != "practices[0].policy.reminders[1].before" {
		t.Errorf("a practice's latest that swallows the reminder of all gives %v", faults)
	}
}

func TestWhatIsAllowedAndOddWarns(t *testing.T) {
	const p = "practices[0]."
	for _, c := range []struct{ text, start, line, path, words string }{
		{small, "allow_numbers", "allow_numbers: []", "allow_numbers", "nobody"},
		{small, "sender", "sender: Riverside", p + "sender", "cannot reply"},
		{live, "sender", "sender: +447700900001", p + "sender", "Ofcom"},
		{small, "poll", "poll: '15 1 * * *'\n    policy: {stale_after: 12h}", p + "poll", "between 01:00 and 02:00"},
		{small, "poll", "poll: '0 7 * * *'", p + "poll", "will wait"},
		{small, "poll", "poll: '@every 2h'", p + "poll", "stale_after"},
		{live, "mode", "mode: live\nlisten: {staff: '0.0.0.0:8444'}", "listen.staff", "open"},
		{live, "mode", "mode: live\nlisten: {ops: ':9090'}", "listen.ops", "open"},
	} {
		cfg := parse(t, change(t, c.text, c.start, c.line))
		found := false
		for _, w := range cfg.Warnings {
			found = found || w.Path == c.path && strings.Contains(w.Problem, c.words)
		}
		if !found {
			t.Errorf("%q warns %v, want %s with %q", c.line, cfg.Warnings, c.path, c.words)
		}
	}
}

func TestUsualTimetablesDoNotWarn(t *testing.T) {
	for _, poll := range []string{"*/15 * * * *", "0 * * * *", "@every 2s", "@hourly", "0,30 7-18 * * 1-5", "@every 1h30m"} {
		if cfg := parse(t, change(t, small, "poll", "poll: '"+poll+"'")); len(cfg.Warnings) > 0 {
			t.Errorf("%s warns %v", poll, cfg.Warnings)
		}
	}
}

func TestRedisMayBeReachedInEveryWay(t *testing.T) {
	for _, url := range []string{
		"embedded", "redis://h:6379", "rediss://user:p%40ss@h:6380/0", "unix:///run/redis.sock",
		"rediss://user:pw@a:6380,b:6380,c:6380", "redis://a:1,redis://b:2", "redis://[::1]:6379/3",
	} {
		parse(t, change(t, small, "redis", "redis: {url: '"+url+"'}"))
	}
	for _, url := range []string{"redis://localhost:6379", "redis://127.0.0.1:6379", "unix:///run/redis.sock", "embedded"} {
		parse(t, change(t, live, "redis", "redis: {url: '"+url+"'}"))
	}
}

func TestEveryNodeOfAClusterGetsTheScheme(t *testing.T) {
	cfg := parse(t, change(t, small, "redis", "redis: {url: 'rediss://user:pw@a:6380, b:6380,rediss://c:6380'}"))
	if got, want := cfg.Redis.URL.Reveal(), "rediss://user:pw@a:6380,rediss://b:6380,rediss://c:6380"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTheAllowListKnowsNumbersAndPrefixes(t *testing.T) {
	list := parse(t, change(t, small, "allow_numbers", "allow_numbers: ['+447700900001', '+4477009001*']")).AllowNumbers
	for number, want := range map[string]bool{
		"+447700900001": true, "+447700900100": true, "+447700900199": true, "+4477009001": true,
		"+447700900002": false, "+44770090000": false, "+4477009000011": false, "": false, "447700900001": false,
	} {
		if list.Has(number) != want {
			t.Errorf("a number of length %d: got %v", len(number), !want)
		}
	}
}
