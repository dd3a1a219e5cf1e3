package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"bellman/configs"
	"bellman/gateway"
	"bellman/gateway/audit"
)

// The exit statuses that scripts rely on.
const (
	exitDone  = 0
	exitFail  = 1
	exitUsage = 2
)

// usageError marks what the person at the keyboard has to write differently.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// sinceNow gives a clock that is never set: how long ago this was called.
func sinceNow() func() time.Duration {
	began := time.Now()
	return func() time.Duration { return time.Since(began) }
}

// errQuiet ends a command with status 1 when it has already said why.
var errQuiet = errors.New("")

// cli is what every command shares.
type cli struct {
	config string
	asJSON bool
	out    io.Writer
	err    io.Writer
	in     io.Reader
	now    func() time.Time
	// redisTime stands in for Redis' clock where a test sets now by hand; nil:
	// Redis is asked. Live mode asks Redis whatever stands here.
	redisTime func() time.Time
}

// run carries out one command line and gives its exit status.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	c := &cli{out: out, err: errOut, in: in, now: time.Now}
	return c.run(ctx, args)
}

func (c *cli) run(ctx context.Context, args []string) int {
	root := c.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errQuiet):
		return exitFail
	case errors.As(err, &usage):
		_, _ = fmt.Fprintln(c.err, "bellman:", err)
		return exitUsage
	}
	_, _ = fmt.Fprintln(c.err, "bellman:", err)
	return exitFail
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "bellman",
		Short: "Appointment reminders from a clinic's own system to its patients' phones",
		Long: `Bellman reads appointments from clinical systems, plans reminders, texts
patients through Twilio, obeys what they reply (STOP above all), and can say for
every text why it was sent or not.

Try it alone on this machine:   bellman demo
First steps with a real clinic: bellman keys new, bellman check, bellman plan`,
		SilenceErrors: true, SilenceUsage: true,
		// cobra's own words for an unknown command go the way of every usage error.
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("there is no command %q; see bellman --help", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.SetIn(c.in)
	file := os.Getenv("BELLMAN_CONFIG")
	if file == "" {
		file = "bellman.yaml"
	}
	root.PersistentFlags().StringVar(&c.config, "config", file, "the configuration (or $BELLMAN_CONFIG)")
	root.PersistentFlags().BoolVar(&c.asJSON, "json", false, "output for machines")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
	})
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(
		c.serveCommand(), c.demoCommand(), c.checkCommand(), c.pullCommand(), c.clinicsCommand(), c.planCommand(), c.explainCommand(),
		c.queueCommand(), c.restoreCommand(), c.tasksCommand(), c.repliesCommand(), c.cancelCommand(), c.feedCommand(), c.optoutCommand(), c.keysCommand(), c.sendtestCommand(), c.simulateCommand(), c.agentCommand(), c.auditCommand(), c.wordingCommand(), c.versionCommand(),
	)
	return root
}

// load reads the configuration. Its mistakes are usage errors, one a line.
func (c *cli) load() (*configs.Config, error) {
	cfg, err := configs.Load(c.config, os.LookupEnv)
	if err != nil {
		return nil, usageError{fmt.Errorf("the configuration has mistakes:\n%w", err)}
	}
	return cfg, nil
}

// print writes one JSON value.
func (c *cli) print(v any) error {
	e := json.NewEncoder(c.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func (c *cli) say(format string, args ...any) { _, _ = fmt.Fprintf(c.out, format+"\n", args...) }

// exactly wraps cobra's check of the arguments in a usage error.
func exactly(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("%s takes %d argument(s), not %d; see --help", cmd.CommandPath(), n, len(args))}
		}
		return nil
	}
}

// required reads a flag that a command cannot do without.
func required(cmd *cobra.Command, name string) (string, error) {
	v, err := cmd.Flags().GetString(name)
	if err == nil && v == "" {
		err = fmt.Errorf("--%s is missing; see %s --help", name, cmd.CommandPath())
	}
	if err != nil {
		return "", usageError{err}
	}
	return v, nil
}

// practiceFlag finds the practice that a command names.
func practiceFlag(cmd *cobra.Command, cfg *configs.Config) (configs.Practice, error) {
	name, err := required(cmd, "practice")
	if err != nil {
		return configs.Practice{}, err
	}
	found, err := named(cfg, name)
	if err != nil {
		return configs.Practice{}, err
	}
	return found[0], nil
}

// named gives the practice with a code, or every practice when there is no code.
func named(cfg *configs.Config, code string) ([]configs.Practice, error) {
	if code == "" {
		return cfg.Practices, nil
	}
	for _, p := range cfg.Practices {
		if p.ODS == gateway.ODS(code) {
			return []configs.Practice{p}, nil
		}
	}
	if !strings.ContainsFunc(code, unicode.IsLetter) { // it may be a patient's number
		return nil, usageError{errors.New("what was given as practice is not in the configuration")}
	}
	return nil, usageError{fmt.Errorf("practice %q is not in the configuration", code)}
}

// byFlag gives the name of whoever takes it upon themselves.
func byFlag(cmd *cobra.Command) (string, error) {
	by, err := required(cmd, "by")
	if by = strings.TrimSpace(by); err == nil && by == "" {
		err = usageError{errors.New("--by is empty: say who it is")}
	}
	return by, err
}

// record writes to the audit trail what a person did.
func (c *cli) record(cfg *configs.Config, what string, practice gateway.ODS, detail string) error {
	return audit.New(auditFile(cfg)).Append(audit.Entry{At: c.now(), Who: account(), What: what, Practice: string(practice), Detail: detail})
}

// account is the name of the account that runs the command.
func account() string {
	u, err := user.Current()
	if err != nil {
		return "unknown"
	}
	return u.Username
}

// utc writes a time as machines want it.
func utc(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// local writes a time as people in London read it.
func local(t time.Time) string { return t.In(gateway.London()).Format("Mon 2 Jan 2006 15:04") }
