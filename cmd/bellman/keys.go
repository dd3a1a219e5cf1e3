package main

import (
	"errors"
	"io/fs"
	"log/slog"

	"github.com/spf13/cobra"

	"bellman/gateway"
	"bellman/gateway/store"
)

func (c *cli) keysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "keys", Short: "Sealing keys: new, rotate", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(&cobra.Command{
		Use: "new", Short: "Make the key file of the configuration; never overwrites",
		Long: `Make the file of keys.file with mode 0600; never overwrites one. Keep a copy in a
safe place apart from Redis and its backups: without it nothing that Bellman
stored can be read, and with it everything can.`,
		Args: exactly(0),
		RunE: func(*cobra.Command, []string) error {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			err = store.NewKeyFile(cfg.Keys.File)
			if errors.Is(err, fs.ErrExist) {
				return errors.New("the key file of keys.file is there already, and is never overwritten")
			}
			if err != nil {
				return err
			}
			return c.tell(true, "made %s; keep a copy in a safe place apart from Redis", cfg.Keys.File)
		},
	})
	yes := false
	rotate := &cobra.Command{
		Use: "rotate", Short: "Add a new key that seals from now on; old ones still open",
		Long: `Add a fresh key to the key file and to every practice's own keys in Redis. What
was sealed before still opens. The file as it was stays beside it as
keys.file.before. Restart other processes of Bellman soon: they go on with the
keys they have. Says what it would do until --yes.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			cfg, err := c.load()
			if err != nil {
				return err
			}
			if !yes {
				return c.tell(false, "would add a key to %s and to the keys of %d practices; add --yes", cfg.Keys.File, len(cfg.Practices))
			}
			if err := c.record(cfg, "keys rotate", "", ""); err != nil {
				return err
			}
			if _, err := store.RotateKeyFile(cfg.Keys.File); err != nil {
				return err
			}
			a := newApp(cfg, gateway.ClockFunc(c.now), newLog(c.err, slog.LevelWarn))
			defer func() { err = errors.Join(err, a.stop()) }()
			if err := a.openStore(cmd.Context()); err != nil {
				return err
			}
			if err := a.store.Rewrap(cmd.Context(), a.codes()); err != nil {
				return err
			}
			return c.tell(true, "rotated the keys of %d practices", len(cfg.Practices))
		},
	}
	rotate.Flags().BoolVar(&yes, "yes", false, "do it")
	cmd.AddCommand(rotate)
	return cmd
}
