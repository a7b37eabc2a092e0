// What the store knows of runs and campaigns; each is a document that is written once. doc/formats.md, «Store».
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/attempt.h"
#include "store/back_end.h"

namespace simswarm::store {

inline constexpr int kRecordVersion = 1;

// An attempt that has ended, whatever came of it.
struct AttemptRecord {
  Attempt attempt;  // its number is the queue's
  std::string run;  // for people: «Config:load=2,#0»
  std::string worker;
  std::string output;  // the last of standard output; bytes
  std::string errors;  // and of standard error
};

// A large result file, which is a blob of its own: it can be fetched, or left, without the others.
struct OwnBlob {
  std::size_t file = 0;       // in `files`
  std::int64_t mtime_ns = 0;  // since the epoch
  bool executable = false;
};

// An accepted outcome: there is one for a key.
struct RunRecord {
  AttemptRecord made_by;
  std::string group{};             // what was accepted with it: one question fetches them all
  std::vector<ResultFile> files;   // their identities are not kept
  std::vector<OwnBlob> own{};      // in the order of `files`; all other files are in the archive
  Digest canonical;                // of all files in canonical form: what equal results have in common
  Digest archive;                  // of the tar that holds the other files; empty: there are none
  std::uint64_t archive_size = 0;  // of it, in bytes
  std::string packed{};            // the tar, compressed; empty: it is too large for that, and a blob of its own
  std::uint64_t packed_size = 0;   // of `packed`, also where that was not fetched
  [[nodiscard]] bool in_blob() const { return !archive.empty() && packed_size == 0; }
  // All that it refers to.
  [[nodiscard]] std::vector<Digest> blobs() const;
};

// How the archive names a file: «../x» is «_up/x» there.
[[nodiscard]] std::string path_in_archive(const std::string& path);

// A campaign whose runs are executed elsewhere: all that is needed to go on with it when the queue has forgotten it.
struct CampaignRecord {
  std::string id;  // ULID
  std::string name;
  std::string queue;  // the name of its queue
  std::string study;  // JSON, for workers
  std::string host;   // that began it
  Digest artifact;    // what the runs see
  Digest plan;        // a blob: the keys of its runs by position, 32 bytes each
  std::size_t runs = 0;
  int retries = 0;
  int max_lost = 0;
  Stamp created{};
  Digest foretold{};  // a blob: what a client that has not got the program needs to know (campaign/foretold.h); may be
                      // empty
  std::string build{};  // key of the build that the artifact came out of; empty: of none
};

// How a tree of a project's files can be had: a git pack, which may need the tree that it is based on.
struct SourceRecord {
  std::string tree;  // source::TreeId
  std::string base;  // likewise; empty: the pack has all
  Digest pack;
  std::uint64_t bytes = 0;  // of the pack
  std::uint64_t links = 0;  // how many packs stand before it
  Stamp created{};
};

// What another machine compiled of a build.
struct BuildHost {
  std::string name;          // its address
  std::uint64_t done = 0;    // compilations
  std::uint64_t failed = 0;  // that it was given besides, and failed or refused: compiled elsewhere
  friend bool operator==(const BuildHost&, const BuildHost&) = default;
};

// What was built of a tree: known by its key, and not built again.
struct BuildRecord {
  Digest key;
  std::string tree;
  Digest artifact;          // of its tar
  Digest listing;           // a blob: the files in it that are data of the project, a path each, NUL behind
  std::uint64_t bytes = 0;  // of the files of the artifact
  Digest log;               // a blob; empty: there was nothing to say
  std::string compiler;     // for people
  std::string image;        // of the toolchain; may be empty
  std::string host;         // of the builder
  double seconds = 0;       // that it took
  std::uint64_t compiled = 0, hits = 0, remote = 0;  // by compilers; out of the cache; of `compiled`, on other machines
  Stamp created{};
  std::vector<BuildHost> hosts{};  // that were given something, the busiest first; of an older builder: none
};

// What a program told of its runs.
struct PlanRecord {
  Digest id;        // of artifact, arguments, and all else that decides it
  Digest document;  // a blob: campaign/foretold.h
  std::size_t runs = 0;
  Stamp created{};
};

// Where the bytes of a blob are.
struct BlobRecord {
  Digest digest;             // of the content
  std::uint64_t size = 0;    // of the content, in bytes
  std::uint64_t stored = 0;  // of the file
  std::string file;          // its id
  Digest stored_digest;      // of the file's bytes
  Stamp created{};
};

// Somebody wants a blob to stay for a while.
struct UseRecord {
  Digest digest;
  Stamp since{};
};

[[nodiscard]] Document to_document(const AttemptRecord& record);
[[nodiscard]] Document to_document(const RunRecord& record);
[[nodiscard]] Document to_document(const CampaignRecord& record);
[[nodiscard]] Document to_document(const SourceRecord& record);
[[nodiscard]] Document to_document(const BuildRecord& record);
[[nodiscard]] Document to_document(const PlanRecord& record);
[[nodiscard]] Document to_document(const BlobRecord& record);
[[nodiscard]] Document to_document(const UseRecord& record);  // each has an id of its own
// Of a document that somebody else may have written: an error says which field is wrong.
[[nodiscard]] Result<AttemptRecord> attempt_from(const Document& document);
[[nodiscard]] Result<RunRecord> run_from(const Document& document);
[[nodiscard]] Result<CampaignRecord> campaign_from(const Document& document);
[[nodiscard]] Result<SourceRecord> source_from(const Document& document);
[[nodiscard]] Result<BuildRecord> build_from(const Document& document);
[[nodiscard]] Result<PlanRecord> plan_from(const Document& document);
[[nodiscard]] Result<BlobRecord> blob_from(const Document& document);
[[nodiscard]] Result<UseRecord> use_from(const Document& document);
// A single number or stamp, for settings and marks.
[[nodiscard]] Document number_document(const std::string& id, std::int64_t number);
[[nodiscard]] Result<std::int64_t> number_from(const Document& document);
[[nodiscard]] Document text_document(const std::string& id, const std::string& text);
[[nodiscard]] Result<std::string> text_from(const Document& document);

// «KEY/CAMPAIGN/NUMBER»
[[nodiscard]] std::string id_of(const Attempt& attempt);

}  // namespace simswarm::store
