#include "cli/app.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "cli/app_pages.h"
#include "cli/app_parts.h"
#include "cli/app_services.h"

namespace simswarm::cli {
namespace {

constexpr std::string_view kRunNames =
    "N or Config#N, Config:variable=value,#rep, or the first digits of a key (6 or more)";

void add_folder(CLI::App& app, std::string& directory, std::string& state) {
  app.add_option("-C,--directory", directory, "Work in this folder")->type_name("DIR");
  app.add_option("--state", state, "State folder; by default .simswarm in the working folder")->type_name("DIR");
}

void add_limits(CLI::App& app, RunArguments& arguments, const char* timeout) {
  app.add_option("--timeout", arguments.timeout, timeout)->type_name("TIME");
  app.add_option("--memory", arguments.memory, "End a run whose process tree uses more memory: 512M, 4GiB")
      ->type_name("SIZE");
  app.add_option("--stall", arguments.stall, "End a run that shows neither output nor CPU time for so long: 10m")
      ->type_name("TIME");
  app.add_option("--max-output", arguments.max_output, "End a run that writes more than this, in all: 20GiB")
      ->type_name("SIZE");
}

void add_ground(CLI::App& app, RunArguments& arguments) {
  app.add_option("--layer", arguments.layer, "Private writable layer of runs: auto, overlay, links")->type_name("KIND");
  app.add_option("--containment", arguments.containment,
                 "How all that runs have started is found and ended: auto, cgroup, pid-namespace, guardian")
      ->type_name("KIND");
  app.add_option("--run-as", arguments.run_as, "User that runs are executed as; for root")->type_name("USER");
}

constexpr const char* kOn =
    "Swarm by its name in the user's hosts (~/.config/simswarm/hosts.toml; simswarm services up makes local-services)";

void add_swarm(CLI::App& app, CampaignArguments& arguments) {
  SwarmArguments& swarm = arguments.swarm;
  app.add_option("--on", swarm.on, fmt::format("{}: the project goes there, is built and run there", kOn))
      ->type_name("NAME");
  app.add_flag("--prebuilt", swarm.prebuilt, "With --on: the program is built already, and goes there as it is");
  app.add_option("--commit", swarm.commit, "With --on: this commit of the project in place of its work tree")
      ->type_name("COMMIT");
  app.add_option("--root", swarm.roots,
                 "With --on: folder of a project that this one needs; by default they are found; may be given several "
                 "times")
      ->type_name("DIR");
  app.add_option("--include", swarm.include,
                 "With --on: pattern of files that git ignores and that are needed all the same; may be given several "
                 "times")
      ->type_name("GLOB");
  app.add_option("--mode", swarm.mode, "With --on: how it is built: release or debug (release)")->type_name("MODE");
  app.add_option("--image", swarm.image, "With --on: name of the toolchain's image that builds and runs it")
      ->type_name("NAME");
  app.add_option("--priority", arguments.priority,
                 "With --queue or --on: -10 to 10; each step is half as much again of the swarm's time (0)")
      ->type_name("N");
  app.add_flag("--same-cpu", arguments.same_cpu, "With --store or --on: all runs on one kind of processor");
}

void add_campaign(CLI::App& app, CampaignArguments& arguments) {
  add_folder(app, arguments.directory, arguments.state);
  app.add_option("-j,--jobs", arguments.jobs, "Runs at once; by default one a core")->type_name("N");
  app.add_option("--name", arguments.name, "Name of the campaign; by default that of the folder or the sweep")
      ->type_name("NAME");
  app.add_flag("--dry-run", arguments.dry_run, "Show what would run, what is known already, and why; run nothing");
  app.add_flag("--json", arguments.json, "Print events as JSON, one a line; the last is a summary");
  app.add_flag("--quiet", arguments.quiet, "Print failures only");
  app.add_flag("-V,--verbose", arguments.verbose, "Print each run as it starts and ends");
  add_limits(app, arguments.run, "End a run after this wall time: 90, 15m, 1.5h");
  app.add_option("--min-free", arguments.min_free,
                 "Start nothing new while a disk has less free; by default a fiftieth of it, at most 1 GiB")
      ->type_name("SIZE");
  app.add_option("--cores-per-run", arguments.cores_per_run, "Cores that each run has for itself; fewer run at once")
      ->type_name("N");
  app.add_option("--retries", arguments.retries, "Further attempts where trying again can help (2)")->type_name("N");
  app.add_option("--max-failures", arguments.max_failures, "Start nothing new after N failed runs")->type_name("N");
  app.add_flag("--retry-failed", arguments.retry_failed, "Run again what failed in a way that would come again");
  app.add_flag("--verify", arguments.verify, "Read the digests of known results again before they are believed");
  app.add_option("--existing", arguments.existing,
                 "A differing older file at a result's path: keep (put aside), refuse, replace")
      ->type_name("WHAT");
  add_ground(app, arguments.run);
  app.add_option("--inputs", arguments.inputs,
                 "Pattern of files that runs can see, like 'data/**'; by default all but sources and results")
      ->type_name("GLOB");
  app.add_option("--environment", arguments.environment, "Environment variable whose value can change results")
      ->type_name("NAME");
  app.add_option("--grace", arguments.grace, "Seconds that running runs get after the first Ctrl-C (5)")
      ->type_name("SECONDS");
  app.add_option("--queue", arguments.queue.queue,
                 "Put the runs into the queue of this Redis server, for workers that see this folder, and end: "
                 "redis://host[:port][/database] or unix:///path")
      ->type_name("URL");
  app.add_option("--password-file", arguments.queue.password_file,
                 "With --queue: file whose first line is the server's password (SIMSWARM_PASSWORD_FILE)")
      ->type_name("FILE");
  app.add_option("--in", arguments.in, "With --queue: name of the queue there; by default one of the campaign's own")
      ->type_name("QUEUE");
  app.add_option("--max-lost", arguments.max_lost,
                 "With --queue: attempts lost with their nodes after which a run has failed (3)")
      ->type_name("N");
  app.add_option("--store", arguments.store.store,
                 "With --queue: what the runs see goes to this store, and their results come back from there as they "
                 "end, for workers anywhere: mongodb://host[:port]/database or directory:PATH (SIMSWARM_STORE)")
      ->type_name("URL");
  app.add_option("--store-password-file", arguments.store.password_file,
                 "With --store: file whose first line is the store's password (SIMSWARM_STORE_PASSWORD_FILE)")
      ->type_name("FILE");
  app.add_option(
         "--collect", arguments.collect,
         "With --store: pattern of result files that are brought back, like '*.sca'; the rest stays in the store; "
         "may be given several times")
      ->type_name("GLOB");
  app.add_flag("--detach", arguments.detach, "With --store: end once the runs are in the queue");
  add_swarm(app, arguments);
}

void add_builder(CLI::App& command, WorkerArguments& arguments) {
  command
      .add_option("--work", arguments.work,
                  "With build: folder of sources and checkouts (in the folder of --cache; for root "
                  "/var/cache/simswarm/builder)")
      ->type_name("DIR");
  command
      .add_option("--distcc", arguments.distcc,
                  "With build: machine that compiles, too (distccd); a name with several addresses is all of them; may "
                  "be given several times")
      ->type_name("HOST[:PORT][/N]");
  command.add_option("--compilers", arguments.compilers, "With build: compilers at once here; by default one a core")
      ->type_name("N");
  command.add_option("--builds", arguments.builds, "With build: builds at once (2)")->type_name("N");
  command
      .add_option("--image", arguments.image,
                  "Name of the toolchain's image: only campaigns that name it are served; by default those that name "
                  "none")
      ->type_name("NAME");
  command.add_option("--build-timeout", arguments.build_timeout, "With build: end a build after this time (2h)")
      ->type_name("TIME");
  command.add_option("--build-memory", arguments.build_memory, "With build: end a build that uses more memory")
      ->type_name("SIZE");
  command
      .add_option("--build-disk", arguments.build_disk,
                  "With build: end a build that makes its folder grow by more (20G)")
      ->type_name("SIZE");
}

// What runs reach, and what a node holds.
void add_node(CLI::App& command, WorkerArguments& arguments) {
  command
      .add_option("--network", arguments.network,
                  "With run: what runs can reach: open, private (a loopback of their own), sockets (none but Unix "
                  "ones), auto: private where that can be made, else sockets (open)")
      ->type_name("KIND");
  command
      .add_option("--seats", arguments.seats,
                  "With run: folder that all workers of this node share; each slot takes one of its seats, as many as "
                  "there are cores, or waits for one")
      ->type_name("DIR");
  command
      .add_option("--leave", arguments.leave,
                  "With run: cores of a node that are left to others; may be given several times, and counts where "
                  "--node is NODE")
      ->type_name("NODE=CORES");
  command
      .add_option("--min-free", arguments.min_free,
                  "With run: take nothing new while the disk of spool or cache has less free; by default a fiftieth of "
                  "it, at most 1 GiB")
      ->type_name("SIZE");
}

void add_worker(CLI::App& app, WorkerArguments& arguments) {
  CLI::App* command =
      app.add_subcommand("worker", "Execute the runs of a queue, build what campaigns need, or list who does");
  command->footer(
      "simswarm worker run [OPTIONS]\nsimswarm worker build [OPTIONS]\nsimswarm worker list [--json]\n\n"
      "SIGTERM, Ctrl-C, and `shutdown` of RQ: nothing new starts, running runs get the time of --drain, the rest is "
      "handed back. A second signal hands all back at once. Outcomes that the queue could not take yet wait in the "
      "spool, also for the next worker of this machine.");
  command->add_option("ACTION", arguments.action, "run, build or list")->required();
  add_queue(*command, arguments.queue);
  add_store(*command, arguments.store);
  command
      ->add_option("--cache", arguments.cache,
                   "Folder for what campaigns bring along, shared by the workers of a machine (~/.cache/simswarm; for "
                   "root /var/cache/simswarm)")
      ->type_name("DIR");
  command->add_option("--cache-size", arguments.cache_size, "How large it may become (20G)")->type_name("SIZE");
  command
      ->add_option("--spool-size", arguments.spool_size,
                   "How much may wait on disk while the store is away; with more nothing new starts (10G)")
      ->type_name("SIZE");
  command->add_option("--slots", arguments.slots, "Runs at once; by default one a core")->type_name("N");
  command
      ->add_option("--queues", arguments.queues,
                   "Queue to serve, * stands for anything; by default run and run-*; may be given several times")
      ->type_name("NAME");
  command->add_option("--name", arguments.name, "Name of the worker; by default host, process and a random part")
      ->type_name("NAME");
  command->add_option("--node", arguments.node, "Name of this machine; by default the host's")->type_name("NAME");
  command
      ->add_option("--drain", arguments.drain,
                   "What running runs get when the worker is to end: finish, or a time after which they are handed "
                   "back (5)")
      ->type_name("TIME");
  command
      ->add_option("--lease", arguments.lease,
                   "Seconds without a sign of life after which others take back its jobs (10)")
      ->type_name("SECONDS");
  command->add_option("--spool", arguments.spool, "Folder for outcomes (~/.local/state/simswarm/worker)")
      ->type_name("DIR");
  command
      ->add_option("--cpu", arguments.cpu,
                   "With run: kind of this machine's processor, for --same-cpu; by default as the machine says")
      ->type_name("KIND");
  add_node(*command, arguments);
  command->add_flag("--burst", arguments.burst, "End when there is nothing left to do");
  command->add_flag("--patient", arguments.patient, "Wait for queue and store that are not there yet, rather than end");
  add_builder(*command, arguments);
  add_limits(*command, arguments.run, "End a run after this wall time, where its job says none: 90, 15m");
  add_ground(*command, arguments.run);
  command->add_flag("--json", arguments.json, "Print JSON: the log one object a line, the list as one object");
}

void add_jobs(CLI::App& app, JobsArguments& arguments) {
  CLI::App* command = app.add_subcommand("jobs", "What stands in a queue, and what is to become of it");
  command->footer(
      "simswarm jobs list                         queues, and how many jobs stand where\n"
      "simswarm jobs list --in QUEUE [--state S]  jobs, newest first\n"
      "simswarm jobs show ID...                   all that is known of jobs\n"
      "simswarm jobs log ID...                    last words of the last attempt\n"
      "simswarm jobs requeue|cancel|stop|delete ID..., or all of --campaign, --in, --state\n"
      "simswarm jobs empty --in QUEUE             deletes what waits\n"
      "simswarm jobs priority N --in QUEUE        -10 to 10: each step is half as much again of the workers' time\n"
      "simswarm jobs suspend, simswarm jobs resume\n\n"
      "States: started, queued, scheduled, deferred, failed (stopped and lost ones, too), finished, canceled.");
  command
      ->add_option("ACTION", arguments.action,
                   "list, show, log, requeue, cancel, stop, delete, empty, priority, suspend, resume")
      ->required();
  command->add_option("ID", arguments.ids, "Jobs; for empty: queues; for priority: a number");
  command->add_option("--on", arguments.queue.on, kOn)->type_name("NAME");
  add_queue(*command, arguments.queue);
  command->add_option("--in", arguments.in, "Only jobs of this queue")->type_name("QUEUE");
  command->add_option("--campaign", arguments.campaign, "Only jobs of this campaign: its id, or a beginning of it")
      ->type_name("ID");
  command->add_option("--state", arguments.state, "Only jobs in this state")->type_name("STATE");
  command->add_option("-n,--number", arguments.most, "At most N jobs (50)")->type_name("N");
  command->add_option("--offset", arguments.offset, "Pass over the first N")->type_name("N");
  command->add_flag("--json", arguments.json, "Print JSON");
}

void add_upkeep(CLI::App& app, UpkeepArguments& arguments) {
  CLI::App* command = app.add_subcommand("store", "What a store holds, whether it is whole, and making room in it");
  command->footer(
      "simswarm store ls                     campaigns, and how much they take\n"
      "simswarm store show ID...             a campaign, a result (by its key), or a blob (by its digest)\n"
      "simswarm store verify [--repair]      reads everything; exit code 1: something is damaged\n"
      "simswarm store gc [--dry-run]         removes what nobody needs\n"
      "simswarm store get ID... [--into DIR] brings result files, checked; of a digest: the blob\n"
      "simswarm store rm CAMPAIGN...         removes campaigns with their results\n"
      "simswarm store quota [SIZE|none]      shows or sets how much it may hold\n\n"
      "An id, key or digest may be cut off where its beginning tells (keys and digests: 6 digits or more); a campaign "
      "may be called by its name. When the quota is used up, nothing new starts; what runs is still taken.");
  command->add_option("ACTION", arguments.action, "ls, show, verify, gc, get, rm, quota")->required();
  command->add_option("ID", arguments.words, "Campaigns, keys of runs, digests; for quota: a size, or none");
  command->add_option("--on", arguments.store.on, kOn)->type_name("NAME");
  add_store(*command, arguments.store);
  command->add_flag("--repair", arguments.repair,
                    "With verify: what is damaged counts no more, so that those runs run again");
  command
      ->add_option("--grace", arguments.grace,
                   "With gc: what is younger stays (24h); less than uploads take only while nobody writes")
      ->type_name("TIME");
  command
      ->add_option("--collected-older-than", arguments.collected_older_than,
                   "With gc: campaigns that were brought to their users so long ago go, too: 30d")
      ->type_name("TIME");
  command->add_flag("--dry-run", arguments.dry_run, "With gc: show what would go; remove nothing");
  command
      ->add_option("--collect", arguments.patterns,
                   "With get: only files that match, like '*.sca'; may be given several times")
      ->type_name("GLOB");
  command->add_option("--into", arguments.into, "With get: folder that the files go to, by default this one")
      ->type_name("DIR");
  command->add_flag("--replace", arguments.replace, "With get: replace files that are there with other content");
  command->add_flag("--json", arguments.json, "Print JSON");
}

void add_attach(CLI::App& app, AttachArguments& arguments) {
  CLI::App* command = app.add_subcommand(
      "attach", "Follow a campaign of a swarm, also from another machine, and bring its results into this folder");
  command->footer(
      "CAMPAIGN is an id, the beginning of one, or a name; by default the newest that is called like this folder.");
  CampaignArguments& campaign = arguments.campaign;
  add_folder(*command, campaign.directory, campaign.state);
  command->add_option("--on", campaign.swarm.on, kOn)->type_name("NAME");
  add_queue(*command, campaign.queue);
  add_store(*command, campaign.store);
  command
      ->add_option("--collect", campaign.collect,
                   "Pattern of result files that are brought back, like '*.sca'; may be given several times")
      ->type_name("GLOB");
  command
      ->add_option("--existing", campaign.existing,
                   "A differing older file at a result's path: keep (put aside), refuse, replace")
      ->type_name("WHAT");
  command->add_flag("--json", campaign.json, "Print events as JSON, one a line; the last is a summary");
  command->add_flag("--quiet", campaign.quiet, "Print failures only");
  command->add_flag("-V,--verbose", campaign.verbose, "Print each run as it starts and ends");
  command->add_option("CAMPAIGN", arguments.wanted, "Which campaign");
}

void add_cancel(CLI::App& app, CancelArguments& arguments) {
  CLI::App* command = app.add_subcommand("cancel", "End campaigns of a swarm everywhere: builds, runs, what waits");
  command->footer("What has been completed stays in the store, and is known to the next campaign.");
  command->add_option("--on", arguments.on, kOn)->type_name("NAME");
  add_queue(*command, arguments.queue);
  add_store(*command, arguments.store);
  command->add_flag("--json", arguments.json, "Print JSON");
  command->add_option("CAMPAIGN", arguments.wanted, "Ids, beginnings of them, or names")->required();
}

void add_runall(CLI::App& app, RunallArguments& arguments) {
  CLI::App* command =
      app.add_subcommand("runall", "Run all runs of an OMNeT++ configuration, with the words of opp_runall");
  command->footer(
      "simswarm runall [OPTIONS] [--] SIMULATION [ITS OPTIONS]\n\nExample: simswarm runall -j8 ./aloha -c "
      "PureAlohaExperiment\n"
      "The first word that is no option, or the one behind «--», starts the simulation command; all words from there "
      "on "
      "go to the program. Several -c make one campaign of several configurations. A word behind -e is FILE, unless it "
      "starts a program: then it is the simulation command.");
  add_campaign(*command, arguments.campaign);
  command->add_flag("--all-configs", arguments.all_configs,
                    "All configurations of the ini files that can be run alone, as one campaign, in place of -c");
  command
      ->add_option("-b,--batchsize", arguments.campaign.batch_size,
                   "Runs a process, exactly; by default as many as pay, where alone and together give equal files")
      ->type_name("N");
  command
      ->add_option("-e,--export", arguments.export_file,
                   "Write a makefile that calls the program directly, and run nothing (Runfile)")
      ->type_name("[FILE]");
  command->add_flag("--distinct-names", arguments.distinct_names,
                    "Add what tells runs apart to the names of result files");
  command
      ->add_option("--shared-files", arguments.shared_files,
                   "Runs that write to one file: refuse, serial (they append in order)")
      ->type_name("HOW");
  command->add_flag("--run-number-unused", arguments.run_number_unused,
                    "The model does not look at its run number: results stay known when it moves");
}

void add_sweep(CLI::App& app, SweepArguments& arguments) {
  CLI::App* command = app.add_subcommand("sweep", "Run any program over a grid of parameters");
  command->footer(
      "simswarm sweep [OPTIONS] PARAMETER=VALUES... -- COMMAND WITH {PARAMETER}\nsimswarm sweep [OPTIONS] "
      "NAME\n\nExample: simswarm sweep --name wifi nodes=10,20,40 seed=1..30 -- ./scenario --nodes={nodes} "
      "--seed={seed} --out={results}/run.csv\n"
      "NAME is a [sweep.NAME] of simswarm.toml.");
  add_campaign(*command, arguments.campaign);
  command->add_option("--settings", arguments.settings, "Settings file; by default simswarm.toml in the working folder")
      ->type_name("FILE");
  command->add_option("--repetitions", arguments.repetitions, "Runs of each point (1)")->type_name("N");
  command->add_option("--seeds", arguments.seeds, "Seeds, one a repetition: 1..30")->type_name("VALUES");
  command
      ->add_option("--constraint", arguments.constraints,
                   "Condition that a point has to meet: 'nodes < 20 || seed == 1'")
      ->type_name("EXPR");
  command->add_option("--results", arguments.results, "A run's folder (results/{name}/{point})")->type_name("PATH");
  command->add_option("--stdout", arguments.stdout_file, "Keep standard output as this file in the run's folder")
      ->type_name("FILE");
  command->add_option("--require", arguments.required_files, "File that has to be there and not be empty")
      ->type_name("FILE");
  command->add_option("--success-code", arguments.success_codes, "Exit code of a run that is complete (0)")
      ->type_name("N");
  command
      ->add_option("--success-pattern", arguments.success_pattern,
                   "Regular expression that a line of the output has to match")
      ->type_name("REGEX");
  command
      ->add_option("--progress", arguments.progress,
                   "Regular expression whose first group is the percentage that is done")
      ->type_name("REGEX");
}

void add_look(CLI::App& app, LookArguments& arguments, bool json) {
  add_folder(app, arguments.directory, arguments.state);
  app.add_option("--campaign", arguments.campaign,
                 "Campaign by name or by the beginning of its id; by default the newest")
      ->type_name("NAME");
  if (json) app.add_flag("--json", arguments.json, "Print JSON");
}

void add_status(CLI::App& app, StatusArguments& arguments) {
  CLI::App* command = app.add_subcommand("status", "What became of the runs of a campaign");
  add_look(*command, arguments.look, true);
  command->add_flag("--all", arguments.all, "List complete runs, too");
  command->add_option("RUN", arguments.selector, fmt::format("Only these runs: {}", kRunNames));
}

void add_log(CLI::App& app, LogArguments& arguments) {
  CLI::App* command = app.add_subcommand("log", "Output of an attempt of a run");
  add_look(*command, arguments.look, false);
  command->add_option("--attempt", arguments.attempt, "Which attempt; by default the last")->type_name("N");
  command->add_flag("--all", arguments.all, "All attempts, the first one first");
  command->add_option("RUN", arguments.run, std::string(kRunNames))->required();
}

void add_explain(CLI::App& app, ExplainArguments& arguments) {
  CLI::App* command = app.add_subcommand("explain", "Why a run was, or was not, run again");
  add_look(*command, arguments.look, false);
  command->add_option("RUN", arguments.run, std::string(kRunNames))->required();
}

void add_history(CLI::App& app, HistoryArguments& arguments) {
  CLI::App* command = app.add_subcommand("history", "The campaigns of this folder, newest first");
  command->footer(
      "A «+» behind the commit: the project had changes that were not committed. «cut off»: it has not ended, and its "
      "process is gone.");
  add_folder(*command, arguments.look.directory, arguments.look.state);
  command->add_flag("--json", arguments.look.json, "Print JSON");
  command->add_option("-n,--number", arguments.most, "Only the newest N")->type_name("N");
}

void add_provenance(CLI::App& app, ProvenanceArguments& arguments) {
  CLI::App* command =
      app.add_subcommand("provenance", "How the accepted results of a campaign were made, as one JSON document");
  add_look(*command, arguments.look, false);
  command->add_option("-o,--output", arguments.output, "Write to this file instead of standard output")
      ->type_name("FILE");
  command->add_option("RUN", arguments.runs, fmt::format("Only these runs: {}", kRunNames));
}

void add_clean(CLI::App& app, CleanArguments& arguments) {
  CLI::App* command = app.add_subcommand("clean", "What the state folder holds that nothing needs, and removing it");
  command->footer(
      "Without options it shows what there is and how large it is, and removes nothing. Results in their places are "
      "never touched, and no accepted result is forgotten: what is complete is not run again afterwards. A campaign "
      "that runs is left alone. Old campaigns are all but the newest, or those that --older-than and --keep leave.");
  add_folder(*command, arguments.look.directory, arguments.look.state);
  command->add_flag("--kept", arguments.kept, "Remove older files that stood in the way of results");
  command->add_flag("--attempts", arguments.attempts, "Remove what failed attempts left");
  command->add_flag("--logs", arguments.logs, "Remove the output of attempts of old campaigns");
  command->add_flag("--campaigns", arguments.campaigns,
                    "Forget old campaigns that made none of the results in place; with --older-than or --keep");
  command->add_flag("--all", arguments.all, "All of these; campaigns only with --older-than or --keep");
  command->add_option("--older-than", arguments.older_than, "Only of campaigns that ended so long ago: 12h, 30d")
      ->type_name("TIME");
  command->add_option("--keep", arguments.keep, "Not of the newest N campaigns (1 for logs and campaigns)")
      ->type_name("N");
  command->add_flag("--json", arguments.look.json, "Print JSON");
}

void add_diff(CLI::App& app, DiffArguments& arguments) {
  CLI::App* command =
      app.add_subcommand("diff", "Compare two result folders in canonical form, and name the first difference");
  command->add_flag("--json", arguments.json, "Print JSON");
  command->add_flag("--all", arguments.all, "The first difference of every file");
  command->add_option("A", arguments.a, "Folder or file")->required();
  command->add_option("B", arguments.b, "Folder or file")->required();
}

void add_plot_options(CLI::App& command, PlotArguments& arguments) {
  add_look(command, arguments.look, false);
  command.add_option("--x", arguments.x, "Iteration variable on the x axis; by default the only one")
      ->type_name("NAME");
  command.add_option("--y", arguments.y, "Scalar, field of a statistic («delay:mean»), or column of a CSV file")
      ->type_name("NAME")
      ->required();
  command.add_option("--by", arguments.by, "One line for each value of this variable; by default all others")
      ->type_name("NAME");
  command.add_option("--module", arguments.module, "Modules whose scalars count, as a pattern (**)")
      ->type_name("PATTERN");
  command
      .add_option("--results", arguments.results,
                  "Read the .sca files below this folder instead of a campaign's results")
      ->type_name("DIR");
  command.add_flag("--ascii", arguments.ascii, "Draw with ASCII characters only");
}

void add_plots(CLI::App& app, PlotArguments& plot, PlotArguments& table) {
  CLI::App* command =
      app.add_subcommand("plot", "Plot a measured value over an iteration variable, with 95% confidence intervals");
  add_plot_options(*command, plot);
  command->add_option("--svg", plot.svg, "Also write the plot as SVG")->type_name("FILE");
  command->add_option("--title", plot.title, "Title of the plot")->type_name("TEXT");
  add_plot_options(*app.add_subcommand("table", "The same as a table: mean, 95% confidence interval, number of runs"),
                   table);
}

// An option that is given again replaces what it said before, one that collects takes one value each time: nothing of
// what follows.
void settle(CLI::App& app) {
  for (CLI::Option* option : app.get_options([](const CLI::Option* one) { return !one->get_lnames().empty(); })) {
    if (option->get_expected_max() > 1) {
      option->allow_extra_args(false);
    } else if (option->get_expected_max() == 1) {
      option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    }
  }
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) settle(*command);
}

}  // namespace

std::unique_ptr<CLI::App> make_app(Arguments& arguments) {
  auto app = std::make_unique<CLI::App>("Runs simulation campaigns: complete, checked, resumable", "simswarm");
  app->set_version_flag(
      "--version", "simswarm " SIMSWARM_VERSION "\nqueue: memory:, redis://\nstore: .simswarm/ (ledger) and results/");
  app->add_option("-C,--directory", arguments.directory, "Work in this folder")->type_name("DIR");
  app->require_subcommand(0, 1);
  app->footer("Exit codes: 0 all complete, 1 some runs not, 2 usage, 3 environment, 4 build failed, 130 interrupted.");
  add_runall(*app, arguments.runall);
  add_sweep(*app, arguments.sweep);
  add_status(*app, arguments.status);
  add_log(*app, arguments.log);
  add_explain(*app, arguments.explain);
  add_plots(*app, arguments.plot, arguments.table);
  add_diff(*app, arguments.diff);
  add_history(*app, arguments.history);
  add_provenance(*app, arguments.provenance);
  add_clean(*app, arguments.clean);
  add_worker(*app, arguments.worker);
  add_jobs(*app, arguments.jobs);
  add_upkeep(*app, arguments.store);
  add_attach(*app, arguments.attach);
  add_cancel(*app, arguments.cancel);
  add_services(*app, arguments.services);
  add_dashboard(*app, arguments.dashboard);
  add_visualizer(*app, arguments.visualizer);
  add_health(*app, arguments.health);
  add_swarm_command(*app, arguments.swarm);
  CLI::App* completion_command =
      app->add_subcommand("completion", "Print the completion script of a shell: bash, zsh, fish");
  completion_command->add_option("SHELL", arguments.completion_shell, "bash, zsh or fish")->required();
  CLI::App* document =
      app->add_subcommand("document", "Print the manual page (man) or the reference (markdown), made from this help");
  document->add_option("FORM", arguments.document, "man or markdown")->required();
  settle(*app);
  return app;
}

}  // namespace simswarm::cli
