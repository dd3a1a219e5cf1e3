package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"bellman/configs"
	"bellman/gateway/message"
)

func (c *cli) wordingCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "wording", Short: "What the texts say: list, preview", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.wordingListCommand(), c.wordingPreviewCommand())
	return cmd
}

func (c *cli) wordingListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "The wordings that policy.wording may name, with their versions",
		Long: `List the wordings that Bellman has. A wording's version changes whenever one of
its words does, in any language; the digest is of all of them. Reads no
configuration.`,
		Args: exactly(0),
		RunE: func(*cobra.Command, []string) error {
			type row struct {
				Name    string `json:"name"`
				Version string `json:"version"`
				Digest  string `json:"digest"`
			}
			rows := []row{}
			for _, v := range message.Versions() {
				rows = append(rows, row{v.Name, v.Version, v.Digest})
			}
			if c.asJSON {
				return c.print(rows)
			}
			for _, r := range rows {
				c.say("%s  %s  %s", r.Name, r.Version, r.Digest)
			}
			return nil
		},
	}
}

// previewed is one text of a preview.
type previewed struct {
	Name     string   `json:"name"` // which text: "reminder, in person"
	Case     string   `json:"case"`
	Text     string   `json:"text"`
	Encoding string   `json:"encoding"`
	Segments int      `json:"segments"`
	Flips    []string `json:"flips"` // the letters that put it into UCS-2
	Pence    float64  `json:"pence"` // a text
	Pounds   float64  `json:"pounds_a_year"`
	Problem  string   `json:"problem,omitempty"` // why it cannot be worded
}

// preview is every text of one practice, with what it costs.
type preview struct {
	Practice string      `json:"practice"`
	Wording  string      `json:"wording"`
	Version  string      `json:"version"`
	Texts    int         `json:"texts_a_year"`
	Price    float64     `json:"pence_a_segment"`
	Rows     []previewed `json:"rows"`
}

func (c *cli) wordingPreviewCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "preview --practice ODS [--texts N] [--pence P]", Short: "Every text of a practice, with its length and what it costs a year",
		Long: `Show every text that a practice may send, as its configuration has it: reminders
of each kind of meeting, and the answers to patients' texts. Patients and visits
are invented: a usual one, the longest name, place and day, and where the practice
greets by first name a name with letters that double the price.

Of each text: how it travels (GSM-7, or UCS-2 where one letter needs it, which is
then named), its segments, and what a year costs if all --texts were this one at
--pence a segment. Reads the configuration only.`,
		Args: exactly(0),
	}
	cmd.Flags().String("practice", "", "the practice's ODS code")
	texts := cmd.Flags().Int("texts", 12000, "texts a year")
	pence := cmd.Flags().Float64("pence", 4, "what one segment costs, in pence")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *texts < 0 || *pence < 0 {
			return usageError{fmt.Errorf("--texts and --pence cannot be less than 0")}
		}
		cfg, err := c.load()
		if err != nil {
			return err
		}
		p, err := practiceFlag(cmd, cfg)
		if err != nil {
			return err
		}
		return c.showPreview(previewOf(p, *texts, *pence))
	}
	return cmd
}

func previewOf(p configs.Practice, texts int, pence float64) preview {
	out := preview{
		Practice: string(p.ODS), Wording: p.Policy.Wording, Version: message.VersionOf(p.Policy.Wording),
		Texts: texts, Price: pence, Rows: []previewed{},
	}
	for _, s := range message.Catalogue(p.Practice) {
		r := previewed{Name: s.Name, Case: s.Case, Text: s.Text, Encoding: string(s.Encoding), Segments: s.Segments, Flips: []string{}}
		for _, f := range s.Flips {
			r.Flips = append(r.Flips, string(f))
		}
		r.Pence = pence * float64(s.Segments)
		r.Pounds = r.Pence * float64(texts) / 100
		if s.Err != nil {
			r.Problem = s.Err.Error()
		}
		out.Rows = append(out.Rows, r)
	}
	return out
}

func (c *cli) showPreview(p preview) error {
	if c.asJSON {
		return c.print(p)
	}
	c.say("%s: wording %s %s, %d texts a year at %g pence a segment", p.Practice, p.Wording, p.Version, p.Texts, p.Price)
	for _, r := range p.Rows {
		c.say("")
		if r.Problem != "" {
			c.say("%s (%s): cannot be worded: %s", r.Name, r.Case, r.Problem)
			continue
		}
		flipped := ""
		if len(r.Flips) > 0 {
			flipped = " because of " + strings.Join(r.Flips, " ")
		}
		c.say("%s (%s): %s%s, %d segment(s), %g pence, £%.2f a year", r.Name, r.Case, r.Encoding, flipped, r.Segments, r.Pence, r.Pounds)
		for _, line := range strings.Split(r.Text, "\n") {
			c.say("    %s", line)
		}
	}
	return nil
}
