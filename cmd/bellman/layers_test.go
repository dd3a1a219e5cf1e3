package main

import (
	"bufio"
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The law of the house (architecture, section 2): machines know the dictionary
// and nothing of each other. A package that is not here fails the test, and so
// does a row without a package.
//
// A row names every package of this module that its package may import. An arrow
// that does not go down to a lower layer stands in sideways too, with its reason.
var law = map[string]room{
	"bellman/gateway": {0, nil},

	"bellman/configs":                      {1, []string{"gateway", "gateway/message"}},
	"bellman/scheduler":                    {1, []string{"gateway"}},
	"bellman/gateway/audit":                {1, nil},
	"bellman/gateway/born":                 {1, []string{"gateway"}},
	"bellman/gateway/clockwatch":           {1, []string{"gateway"}},
	"bellman/gateway/gatewaytest":          {1, []string{"gateway"}}, // tests only
	"bellman/gateway/ident":                {1, nil},
	"bellman/gateway/inbox":                {1, []string{"gateway"}},
	"bellman/gateway/lifemodel":            {1, nil}, // tests only; they import gateway
	"bellman/gateway/meeting":              {1, []string{"gateway"}},
	"bellman/gateway/message":              {1, []string{"gateway"}},
	"bellman/gateway/number":               {1, []string{"gateway"}},
	"bellman/gateway/outbound":             {1, nil},
	"bellman/gateway/relay":                {1, []string{"gateway"}},
	"bellman/gateway/sender":               {1, []string{"gateway"}},
	"bellman/gateway/store":                {1, []string{"gateway"}},
	"bellman/gateway/store/embedded":       {1, nil},
	"bellman/gateway/store/storetest":      {1, []string{"gateway", "gateway/gatewaytest", "gateway/store", "gateway/store/embedded", "gateway/store/storetest/tail"}},
	"bellman/gateway/store/storetest/tail": {1, nil},
	"bellman/adapters/extract":             {1, []string{"gateway"}}, // what nightly extracts share; it knows no vendor
	"bellman/adapters/surgery":             {2, []string{"gateway"}},
	"bellman/adapters/surgery/door":        {2, []string{"gateway", "adapters/surgery"}},
	"bellman/adapters/adaptertest":         {2, []string{"gateway", "gateway/gatewaytest", "adapters/surgery"}},
	"bellman/adapters/cliniko":             {2, []string{"gateway", "gateway/born", "gateway/meeting", "gateway/number", "gateway/outbound"}},
	"bellman/adapters/cliniko/clinikosim":  {2, []string{"gateway", "adapters/surgery", "adapters/surgery/door"}},
	"bellman/adapters/beside":              {2, []string{"gateway"}},
	"bellman/adapters/pds":                 {2, []string{"gateway", "gateway/born", "gateway/number", "gateway/outbound", "adapters/beside", "adapters/fhirshape", "adapters/signed"}},
	"bellman/adapters/pds/pdssim":          {2, []string{"gateway", "adapters/surgery", "adapters/surgery/door"}},
	"bellman/adapters/emis":                {2, []string{"gateway", "gateway/meeting", "gateway/number", "gateway/outbound"}},
	"bellman/adapters/emis/emissim":        {2, []string{"gateway", "adapters/surgery", "adapters/surgery/door"}},
	"bellman/adapters/fhir":                {2, []string{"gateway", "gateway/born", "gateway/outbound", "adapters/fhirshape", "adapters/signed"}},
	"bellman/adapters/fhir/fhirsim":        {2, []string{"gateway", "adapters/surgery", "adapters/surgery/door"}},
	"bellman/adapters/fhirshape":           {2, []string{"gateway", "gateway/born", "gateway/number"}},
	"bellman/adapters/signed":              {2, []string{"gateway", "gateway/outbound"}},
	"bellman/adapters/files":               {2, []string{"gateway", "gateway/ident", "gateway/number", "gateway/outbound", "adapters/extract", "adapters/files/calendar", "adapters/files/sheet"}},
	"bellman/adapters/files/calendar":      {2, []string{"gateway"}},
	"bellman/adapters/files/sheet":         {2, nil},
	"bellman/adapters/files/filesim":       {2, []string{"gateway", "adapters/files", "adapters/surgery", "adapters/surgery/door"}},
	"bellman/adapters/hl7":                 {2, []string{"gateway", "gateway/born", "gateway/ident", "gateway/number", "adapters/hl7/message", "adapters/hl7/mllp"}},
	"bellman/adapters/hl7/message":         {2, []string{"gateway"}},
	"bellman/adapters/hl7/mllp":            {2, nil},
	"bellman/adapters/hl7/hl7sim":          {2, []string{"gateway", "adapters/hl7/message", "adapters/hl7/mllp", "adapters/surgery", "adapters/surgery/door"}},
	"bellman/adapters/tpp":                 {2, []string{"gateway", "gateway/born", "gateway/ident", "gateway/meeting", "gateway/number"}},
	"bellman/adapters/tpp/tppsim":          {2, []string{"gateway", "adapters/surgery", "adapters/surgery/door"}},
	"bellman/adapters/twilio":              {2, []string{"gateway", "gateway/number", "gateway/outbound"}},
	"bellman/adapters/twilio/twiliosim":    {2, []string{"gateway", "gateway/outbound"}},
	"bellman/adapters":                     {3, []string{"gateway", "adapters/beside", "adapters/cliniko", "adapters/emis", "adapters/emisextract", "adapters/fhir", "adapters/files", "adapters/gpconnect", "adapters/hl7", "adapters/pds", "adapters/tpp", "adapters/tppextract"}},

	"bellman/adapters/emisextract":                {2, []string{"gateway", "gateway/born", "gateway/ident", "gateway/meeting", "gateway/number", "adapters/extract"}},
	"bellman/adapters/emisextract/emisextractsim": {2, []string{"gateway", "adapters/surgery", "adapters/surgery/door"}},

	"bellman/adapters/tppextract":               {2, []string{"gateway", "gateway/born", "gateway/meeting", "gateway/number", "adapters/extract"}},
	"bellman/adapters/tppextract/tppextractsim": {2, []string{"gateway", "adapters/surgery", "adapters/surgery/door"}},

	"bellman/adapters/gpconnect":              {2, []string{"gateway", "gateway/outbound", "adapters/beside", "adapters/fhirshape"}},
	"bellman/adapters/gpconnect/gpconnectsim": {2, []string{"gateway", "adapters/surgery", "adapters/surgery/door"}},

	"bellman/cmd/agent": {4, everything},
	"bellman/adapters/adaptertest/worstday": {2, []string{
		"gateway", "gateway/gatewaytest", "gateway/message", "gateway/sender", "gateway/store", "gateway/store/storetest", "scheduler",
		"adapters/adaptertest", "adapters/surgery", "adapters/twilio", "adapters/twilio/twiliosim",
	}},

	"bellman/cmd/bellman": {4, everything},
	"bellman/cmd/bench":   {4, everything},
	"bellman/cmd/chaos":   {4, everything},
	"bellman/cmd/feeds":   {4, everything},

	"bellman/cmd/benchextract": {4, everything},
}

// sideways are the arrows between packages of one layer.
var sideways = map[string]string{
	"bellman/adapters/adaptertest/worstday -> bellman/adapters/adaptertest":      "the story is played through the subjects of the suite",
	"bellman/adapters/adaptertest/worstday -> bellman/adapters/surgery":          "the story is of the invented practice",
	"bellman/adapters/adaptertest/worstday -> bellman/adapters/twilio":           "the texts leave over the real wire",
	"bellman/adapters/adaptertest/worstday -> bellman/adapters/twilio/twiliosim": "and arrive on simulated phones",

	"bellman/configs -> bellman/gateway/message":                              "a practice whose name does not fit into a text is refused when the file is read",
	"bellman/gateway/store/storetest -> bellman/gateway/gatewaytest":          "what an adapter may expect of a shelf is held against both of them",
	"bellman/gateway/store/storetest -> bellman/gateway/store":                "the suite that holds the store to its word",
	"bellman/gateway/store/storetest -> bellman/gateway/store/embedded":       "its throw-away servers die with the test, as the embedded one does",
	"bellman/gateway/store/storetest -> bellman/gateway/store/storetest/tail": "a server that a test kills may lose the end of its file",
	"bellman/adapters/adaptertest -> bellman/adapters/surgery":                "the suite plays the invented practice through every adapter",
	"bellman/adapters/cliniko/clinikosim -> bellman/adapters/surgery":         "a simulator shows the invented practice",
	"bellman/adapters/emis/emissim -> bellman/adapters/surgery":               "a simulator shows the invented practice",
	"bellman/adapters/fhir -> bellman/adapters/fhirshape":                     "the FHIR resources that several adapters read",
	"bellman/adapters/fhir -> bellman/adapters/signed":                        "tokens for what our key signs are got in one way",
	"bellman/adapters/emisextract/emisextractsim -> bellman/adapters/surgery": "a simulator shows the invented practice",
	"bellman/adapters/fhir/fhirsim -> bellman/adapters/surgery":               "a simulator shows the invented practice",
	"bellman/adapters/files -> bellman/adapters/files/calendar":               "how iCalendar is read, apart from what a diary is",
	"bellman/adapters/files -> bellman/adapters/files/sheet":                  "how Excel's own format is read, apart from what a diary is",
	"bellman/adapters/gpconnect -> bellman/adapters/beside":                   "what a checker has learnt is remembered in one way",
	"bellman/adapters/gpconnect -> bellman/adapters/fhirshape":                "GP Connect's records are FHIR",
	"bellman/adapters/gpconnect/gpconnectsim -> bellman/adapters/surgery":     "a simulator shows the invented practice",
	"bellman/adapters/pds -> bellman/adapters/beside":                         "what a checker has learnt is remembered in one way",
	"bellman/adapters/pds -> bellman/adapters/fhirshape":                      "PDS' records are FHIR",
	"bellman/adapters/pds -> bellman/adapters/signed":                         "tokens for what our key signs are got in one way",
	"bellman/adapters/pds/pdssim -> bellman/adapters/surgery":                 "a simulator shows the invented practice",
	"bellman/adapters/tpp/tppsim -> bellman/adapters/surgery":                 "a simulator shows the invented practice",
	"bellman/adapters/hl7 -> bellman/adapters/hl7/message":                    "the grammar of its messages",
	"bellman/adapters/hl7 -> bellman/adapters/hl7/mllp":                       "the frames they come in",
	"bellman/adapters/hl7/hl7sim -> bellman/adapters/hl7/message":             "it reads the answers to what it sends",
	"bellman/adapters/hl7/hl7sim -> bellman/adapters/hl7/mllp":                "the frames that it sends in",
	"bellman/adapters/hl7/hl7sim -> bellman/adapters/surgery":                 "a simulator shows the invented practice",
	"bellman/adapters/files/filesim -> bellman/adapters/surgery":              "a simulator shows the invented practice",
	"bellman/adapters/files/filesim -> bellman/adapters/files":                "what it drops is read with the mapping that it gives",

	"bellman/adapters/tppextract -> bellman/adapters/extract":               "reading nightly CSV and keeping it is the same for every vendor",
	"bellman/adapters/tppextract/tppextractsim -> bellman/adapters/surgery": "a simulator shows the invented practice",

	"bellman/adapters/surgery/door -> bellman/adapters/surgery":                    "a person may act in the invented practice",
	"bellman/adapters/cliniko/clinikosim -> bellman/adapters/surgery/door":         "its staff are played in one way",
	"bellman/adapters/emis/emissim -> bellman/adapters/surgery/door":               "its staff are played in one way",
	"bellman/adapters/emisextract/emisextractsim -> bellman/adapters/surgery/door": "its staff are played in one way",
	"bellman/adapters/fhir/fhirsim -> bellman/adapters/surgery/door":               "its staff are played in one way",
	"bellman/adapters/files/filesim -> bellman/adapters/surgery/door":              "its staff are played in one way",
	"bellman/adapters/gpconnect/gpconnectsim -> bellman/adapters/surgery/door":     "its staff are played in one way",
	"bellman/adapters/hl7/hl7sim -> bellman/adapters/surgery/door":                 "its staff are played in one way",
	"bellman/adapters/pds/pdssim -> bellman/adapters/surgery/door":                 "its staff are played in one way",
	"bellman/adapters/tpp/tppsim -> bellman/adapters/surgery/door":                 "its staff are played in one way",
	"bellman/adapters/tppextract/tppextractsim -> bellman/adapters/surgery/door":   "its staff are played in one way",
}

type room struct {
	layer   int
	imports []string // complete, without the module's name
}

// everything stands for whatever is below.
var everything = []string{"*"}

const module = "bellman"

func TestImportsGoDownTheHouse(t *testing.T) {
	for _, wrong := range breaches(law, sideways, graph(t)) {
		t.Error(wrong)
	}
}

func TestAForbiddenImportBreaksTheLaw(t *testing.T) {
	house := func(changed map[string][]string) map[string][]string {
		g := map[string][]string{}
		for p, r := range law {
			for _, i := range slices.DeleteFunc(slices.Clone(r.imports), func(i string) bool { return i == everything[0] }) {
				g[p] = append(g[p], module+"/"+i)
			}
			g[p] = append(g[p], "context", "github.com/example/library")
		}
		g[module+"/gateway"] = []string{"time"}
		maps.Copy(g, changed)
		return g
	}
	if wrong := breaches(law, sideways, house(nil)); len(wrong) != 0 {
		t.Fatalf("the house as the law describes it breaks the law: %v", wrong)
	}
	for _, c := range []struct {
		what    string
		changed map[string][]string
		want    string
	}{
		{"a worker imports the store", map[string][]string{"bellman/gateway/sender": {"bellman/gateway", "bellman/gateway/store"}}, "bellman/gateway/sender must not import bellman/gateway/store"},
		{"one adapter imports another", map[string][]string{"bellman/adapters/fhir": {"bellman/adapters/emis"}}, "bellman/adapters/fhir must not import bellman/adapters/emis"},
		{"an adapter imports a worker", map[string][]string{"bellman/adapters/emis": {"bellman/scheduler"}}, "bellman/adapters/emis must not import bellman/scheduler"},
		{"an adapter imports its simulator", map[string][]string{"bellman/adapters/twilio": {"bellman/adapters/twilio/twiliosim"}}, "bellman/adapters/twilio must not import bellman/adapters/twilio/twiliosim"},
		{"the dictionary imports a worker", map[string][]string{"bellman/gateway": {"bellman/gateway/store"}}, "bellman/gateway must not import bellman/gateway/store"},
		{"the dictionary imports a library", map[string][]string{"bellman/gateway": {"github.com/redis/go-redis/v9"}}, "bellman/gateway must import the standard library only, not github.com/redis/go-redis/v9"},
		{"a new package", map[string][]string{"bellman/util": {}}, "bellman/util is not in the table"},
		{"a command is imported", map[string][]string{"bellman/scheduler": {"bellman/cmd/bellman"}}, "bellman/scheduler must not import bellman/cmd/bellman"},
	} {
		t.Run(c.what, func(t *testing.T) {
			if got := breaches(law, sideways, house(c.changed)); !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, c.want) }) {
				t.Errorf("the law says %q, not %q", got, c.want)
			}
		})
	}
	g := house(nil)
	delete(g, "bellman/configs")
	if got := breaches(law, sideways, g); len(got) != 1 || !strings.HasPrefix(got[0], "bellman/configs is in the table") {
		t.Errorf("a row without a package: %v", got)
	}
	twisted := map[string]room{"bellman/a": {1, []string{"b"}}, "bellman/b": {1, nil}}
	if got := breaches(twisted, nil, map[string][]string{"bellman/a": {"bellman/b"}, "bellman/b": nil}); len(got) != 1 {
		t.Errorf("a row that itself allows an arrow sideways: %v", got)
	}
}

// breaches lists what is wrong with a graph of imports.
func breaches(law map[string]room, sideways map[string]string, graph map[string][]string) []string {
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	for _, p := range slices.Sorted(maps.Keys(law)) {
		// Commands other than the one binary are tools, which come and go.
		if _, ok := graph[p]; !ok && law[p].layer < 4 {
			say("%s is in the table but is no package any more: take the row out", p)
		}
		for _, i := range law[p].imports {
			if i == everything[0] {
				continue
			}
			to := module + "/" + i
			if law[to].layer >= law[p].layer && sideways[p+" -> "+to] == "" {
				say("the table lets %s import %s, which is not below it, and gives no reason", p, to)
			}
		}
	}
	for _, p := range slices.Sorted(maps.Keys(graph)) {
		r, ok := law[p]
		if !ok {
			say("%s is not in the table: give it a layer, and say what it may import", p)
			continue
		}
		for _, to := range graph[p] {
			ours := to == module || strings.HasPrefix(to, module+"/")
			switch {
			case ours && slices.Equal(r.imports, everything) && law[to].layer < r.layer:
			case ours && !slices.Contains(r.imports, strings.TrimPrefix(to, module+"/")):
				say("%s must not import %s", p, to)
			case !ours && r.layer == 0 && !standard(to):
				say("%s must import the standard library only, not %s", p, to)
			}
		}
	}
	return wrong
}

// standard reports whether an import is of Go's own library, whose paths have no
// domain.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// graph asks the go command which packages there are and what each imports,
// tests left out.
func graph(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
	cmd.Dir = "../.."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	g := map[string][]string{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		f := strings.Fields(lines.Text())
		g[f[0]] = f[1:]
	}
	if len(g) < 20 {
		t.Fatalf("go list gave %d packages: was it asked in the right folder?", len(g))
	}
	return g
}
