// What the words of the command line say, as plain values. app.cpp fills them, the commands read them.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace simswarm::cli {

// Where the store is.
struct StoreArguments {
  std::string on;             // a name of the user's hosts, in place of the URL
  std::string store;          // URL
  std::string password_file;  // its first line
};

// Where the queue is.
struct QueueArguments {
  std::string on;             // a name of the user's hosts, in place of the URL
  std::string queue;          // URL
  std::string password_file;  // its first line
};

// What holds for each run, whoever executes it: as given; checked by the command.
struct RunArguments {
  std::string timeout, memory, stall, max_output;  // limits
  std::string layer, containment, run_as;
};

// Which swarm, and how a project gets there.
struct SwarmArguments {
  std::string on;  // a name of the user's hosts; empty: none
  bool prebuilt = false;
  std::string commit, mode, image;
  std::vector<std::string> roots, include;
};

struct CampaignArguments {
  SwarmArguments swarm;
  std::optional<int> priority;
  bool same_cpu = false;
  QueueArguments queue;              // to enqueue the runs instead of executing them
  std::string in;                    // name of the queue there; empty: one of the campaign's own
  StoreArguments store;              // to execute them with what lies there, and to bring the results back
  std::vector<std::string> collect;  // patterns of the result files that are brought back; empty: all
  bool detach = false;               // leave once the runs are in the queue
  std::optional<int> max_lost;
  std::string directory;  // -C; empty: where we are
  std::string state;      // empty: .simswarm in the working folder
  std::string name;
  std::optional<int> jobs;
  std::optional<int> batch_size;
  RunArguments run;
  std::string min_free;  // as given; checked by the command
  std::optional<int> retries, max_failures, cores_per_run;
  bool retry_failed = false, verify = false, dry_run = false, json = false, quiet = false, verbose = false;
  std::string existing;
  std::vector<std::string> inputs, environment;
  double grace = 5;
  std::vector<std::string> words;  // the simulation command; for a sweep name, parameters and command
};

struct RunallArguments {
  CampaignArguments campaign;
  std::string export_file;  // of -e; empty: the runs are executed
  bool all_configs = false, distinct_names = false, run_number_unused = false;
  std::string shared_files = "refuse";
};

struct SweepArguments {
  CampaignArguments campaign;
  std::string settings;  // file; empty: simswarm.toml in the working folder
  std::optional<int> repetitions;
  std::string seeds, results, stdout_file, success_pattern, progress;
  std::vector<std::string> constraints, required_files;
  std::vector<int> success_codes;
};

// Which campaign of which folder a question is about.
struct LookArguments {
  std::string directory, state, campaign;
  bool json = false;
};

struct StatusArguments {
  LookArguments look;
  bool all = false;
  std::string selector;
};

struct LogArguments {
  LookArguments look;
  std::string run;
  int attempt = 0;  // 0: the last
  bool all = false;
};

struct ExplainArguments {
  LookArguments look;
  std::string run;
};

struct DiffArguments {
  std::string a, b;
  bool json = false, all = false;
};

struct PlotArguments {
  LookArguments look;
  std::string x, y, module = "**", results, svg, title;
  std::vector<std::string> by;
  bool ascii = false;
};

struct HistoryArguments {
  LookArguments look;
  std::optional<int> most;
};

struct ProvenanceArguments {
  LookArguments look;
  std::string output;  // file; empty: standard output
  std::vector<std::string> runs;
};

struct CleanArguments {
  LookArguments look;
  bool kept = false, attempts = false, logs = false, campaigns = false, all = false;
  std::string older_than;  // as given; checked by the command
  std::optional<int> keep;
};

struct AttachArguments {
  CampaignArguments campaign;
  std::string wanted;
};

struct CancelArguments {
  std::string on;
  QueueArguments queue;
  StoreArguments store;
  std::vector<std::string> wanted;
  bool json = false;
};

struct WorkerArguments {
  QueueArguments queue;
  StoreArguments store;
  std::string cache, cache_size, spool_size;  // sizes as given; checked by the command
  std::string action;                         // run, build, list
  std::string work, image;                    // of a builder: folder of checkouts, name of its toolchain's image
  std::string cpu;                            // of a runner: kind of its processor; empty: found
  std::string network = "open";               // of its runs
  std::string seats;                          // folder that the workers of its node share; empty: none
  std::vector<std::string> leave;             // NODE=CORES
  std::string min_free;                       // as given; checked by the command
  std::vector<std::string> distcc;            // machines that compile: HOST[:PORT][/N]
  std::optional<int> compilers, builds;       // at once
  std::string build_timeout, build_memory, build_disk;  // as given; checked by the command
  std::string name, node, spool, drain;
  std::vector<std::string> queues;
  std::optional<int> slots;
  double lease = 10;
  bool burst = false, patient = false, json = false;
  RunArguments run;
};

struct JobsArguments {
  QueueArguments queue;
  std::string action;
  std::vector<std::string> ids;
  std::string in, campaign, state;
  std::optional<int> most, offset;
  bool json = false;
};

struct UpkeepArguments {
  StoreArguments store;
  std::string action;                       // ls, show, verify, gc, get, rm, quota
  std::vector<std::string> words;           // campaigns, keys, digests; for quota a size
  std::string grace, collected_older_than;  // as given; checked by the command
  std::vector<std::string> patterns;        // of files to get
  std::string into;                         // folder; empty: where we are
  bool repair = false, dry_run = false, replace = false, json = false;
};

// A swarm on this machine.
struct ServicesArguments {
  std::string action;  // up, down, status
  std::string name;    // empty: local-services
  std::optional<int> runners, distcc;
  std::string store;
  bool forget = false, json = false;
};

// Where pages are served, and to whom.
struct PagesArguments {
  std::vector<std::string> listen, sockets;  // HOST:PORT; paths
  std::string token_file;                    // its first line
  bool verbose = false;
};

struct DashboardArguments {
  QueueArguments queue;
  StoreArguments store;
  bool local = false;
  std::string state;  // folder; with `local`
  PagesArguments pages;
};

struct VisualizerArguments {
  std::string engine = "/var/run/docker.sock";
  QueueArguments queue;  // empty: what runners run is not shown
  PagesArguments pages;
};

struct HealthArguments {
  std::string url;
};

// A Docker Swarm. Which options an action takes is checked by it.
struct SwarmCommandArguments {
  std::string action;
  std::vector<std::string> words;    // hosts, a service
  std::string name;                  // of the swarm; empty: the only one, or «swarm»
  std::string manager;               // with init, connect: as ssh takes it
  std::vector<std::string> workers;  // with init
  std::string address;               // with init: of the manager, for the other nodes
  std::string interlink, buildnet;   // subnets
  std::string image, base, toolchain, registry;
  std::vector<std::string> with;  // with image: folders of toolchains
  std::string stack;              // with deploy: a further stack file
  std::string runners;            // with deploy: replicas (the default) or nodes
  std::string tail, since;        // with logs
  bool follow = false, foreground = false, keep_data = false, yes = false, dry_run = false, json = false;
};

}  // namespace simswarm::cli
