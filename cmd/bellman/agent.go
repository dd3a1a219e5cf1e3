package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"bellman/gateway"
	"bellman/gateway/relay"
)

func (c *cli) agentCommand() *cobra.Command {
	var gateways []string
	var files relay.Files
	cmd := &cobra.Command{
		Use: "agent --gateway HOST:PORT", Short: "On a practice's PC: carry a local socket to the gateway (agent new makes its certificate)",
		Long: `Run on the practice's own PC, beside SystmOne: keep a connection or two to the
gateway ready, and carry the local socket there when the gateway asks. It only
dials out. Both sides show certificates, which "bellman agent new" makes on the
gateway; each serves one practice. What is carried is neither looked at nor kept.

Give --gateway once for every replica of the gateway.`,
		Args: exactly(0),
	}
	cmd.Flags().StringSliceVar(&gateways, "gateway", nil, "host:port of the gateway's listen.agents; may be given again")
	cmd.Flags().StringVar(&files.Cert, "cert", "agent.crt", "this PC's certificate")
	cmd.Flags().StringVar(&files.Key, "key", "agent.key", "its key")
	cmd.Flags().StringVar(&files.CA, "ca", "ca.crt", "the authority's certificate")
	local := cmd.Flags().String("local", "127.0.0.1:40700", "the socket on this PC")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		log := newLog(c.err, slog.LevelInfo)
		agent, err := relay.AgentFromFiles(files, relay.AgentOptions{Gateways: gateways, Local: *local, Clock: gateway.ClockFunc(c.now), Log: log})
		if err != nil {
			return usageError{err}
		}
		agent.Run(cmd.Context())
		return nil
	}
	cmd.AddCommand(c.agentNewCommand())
	return cmd
}

func (c *cli) agentNewCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "new --practice ODS", Short: "On the gateway: make the certificate of a practice's PC",
		Long: `Make a folder with what a practice's PC needs to come to listen.agents: agent.crt,
agent.key, ca.crt. The first time, make the authority of agents.ca_file too, with
mode 0600. Nothing is ever overwritten. Bring the folder to the PC by a safe way:
who has it can stand in for that practice's SystmOne. If it is lost, put the serial
number that is printed here into agents.refuse.`,
		Args: exactly(0),
	}
	cmd.Flags().String("practice", "", "the practice's ODS code")
	out := cmd.Flags().String("out", "", "the folder to make; agent-ODS without")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := c.load()
		if err != nil {
			return err
		}
		p, err := practiceFlag(cmd, cfg)
		if err != nil {
			return err
		}
		dir := *out
		if dir == "" {
			dir = "agent-" + string(p.ODS)
		}
		if _, err := os.Lstat(dir); err == nil {
			return errors.New("the folder of the bundle is there already, and is never overwritten: give another with --out")
		}
		authority, err := relay.ReadAuthority(cfg.Agents.CAFile)
		if errors.Is(err, fs.ErrNotExist) {
			if authority, err = relay.NewAuthority(cfg.Agents.CAFile, c.now()); err == nil && !c.asJSON {
				c.say("made the authority %s; keep a copy in a safe place", cfg.Agents.CAFile)
			}
		}
		if err != nil {
			return err
		}
		b, err := authority.Issue(p.ODS, c.now())
		if err != nil {
			return err
		}
		if err := c.record(cfg, "agent new", p.ODS, "certificate "+b.Serial); err != nil {
			return err
		}
		if err := writeBundle(dir, b); err != nil {
			return err
		}
		if c.asJSON {
			return c.print(map[string]any{"practice": p.ODS, "dir": dir, "serial": b.Serial, "until": utc(b.Until)})
		}
		c.say("made %s for %s, serial number %s, good until %s", dir, p.ODS, b.Serial, b.Until.Format(time.DateOnly))
		c.say("on the practice's PC, in that folder: bellman-agent --gateway HOST:PORT")
		return nil
	}
	return cmd
}

func writeBundle(dir string, b relay.Bundle) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return errors.New("the folder of the bundle cannot be made: is there a place for it, and is it writable?")
	}
	for name, content := range map[string][]byte{"agent.crt": b.Cert, "agent.key": b.Key, "ca.crt": b.CA} {
		if err := relay.WriteNew(filepath.Join(dir, name), content); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}
