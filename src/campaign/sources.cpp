#include "campaign/sources.h"

namespace simswarm::campaign {
namespace {

constexpr std::uint64_t kMostLinks = 12;  // packs that have to be fetched one after another

// A relative that the store has, whose pack is there, and whose chain is not too long.
Result<std::optional<store::SourceRecord>> base_for(const source::Snapshot& snapshot, source::Snapshots& snapshots,
                                                    store::Store& store) {
  SIMSWARM_TRY(const std::vector<source::TreeId> relatives, snapshots.relatives(snapshot));
  std::vector<std::string> trees;
  for (const source::TreeId& tree : relatives) trees.push_back(tree.text);
  SIMSWARM_TRY(const auto records, store.sources(trees));
  for (const auto& record : records) {
    if (!record || record->links >= kMostLinks) continue;
    SIMSWARM_TRY(const bool is_there, store.has(record->pack));
    if (is_there) return record;
  }
  return std::nullopt;
}

// What stands on something that is missing is of no use either: the client sends all of it anew.
Status forget(const std::vector<store::SourceRecord>& chain, store::Store& store) {
  for (const store::SourceRecord& link : chain) SIMSWARM_CHECK(store.forget_source(link.tree));
  return {};
}

}  // namespace

Status send_sources(const source::Snapshot& snapshot, source::Snapshots& snapshots, store::Store& store) {
  SIMSWARM_TRY(const auto known, store.sources({&snapshot.tree.text, 1}));
  if (known.front()) {
    SIMSWARM_TRY(const bool is_there, store.has(known.front()->pack));
    if (is_there) return snapshots.note_sent(snapshot.tree);
    SIMSWARM_CHECK(store.forget_source(snapshot.tree.text));
  }
  SIMSWARM_TRY(const auto base, base_for(snapshot, snapshots, store));
  std::optional<source::TreeId> base_tree;
  if (base) base_tree = source::TreeId{base->tree};
  SIMSWARM_TRY(const auto blob, store.create_blob());
  SIMSWARM_CHECK(snapshots.pack(snapshot.tree, base_tree, *blob));
  SIMSWARM_TRY(const store::Blob kept, blob->keep());
  store::SourceRecord record;
  record.tree = snapshot.tree.text;
  record.pack = kept.digest;
  record.bytes = kept.size;
  record.created = system_clock().stamp();
  if (base) record.base = base->tree, record.links = base->links + 1;
  SIMSWARM_CHECK(store.note(record));
  return snapshots.note_sent(snapshot.tree);
}

Status fetch_sources(const source::TreeId& tree, const source::Trees& trees, store::Store& store) {
  std::vector<store::SourceRecord> chain;
  source::TreeId wanted = tree;
  while (true) {
    SIMSWARM_TRY(const bool is_here, trees.has(wanted));
    if (is_here) break;
    SIMSWARM_TRY(const auto found, store.sources({&wanted.text, 1}));
    if (!found.front()) {
      SIMSWARM_CHECK(forget(chain, store));
      return environment_error("the sources {} are not in {} any more: call again", wanted.text, store.shown());
    }
    chain.push_back(*found.front());
    if (chain.back().base.empty()) break;
    if (chain.size() > 2 * kMostLinks) return environment_error("the sources {} stand on too many others", tree.text);
    SIMSWARM_TRY(wanted, source::TreeId::parse(chain.back().base));
  }
  for (auto link = chain.rbegin(); link != chain.rend(); ++link) {
    SIMSWARM_TRY(const auto pack, store.open_blob(link->pack));
    Status imported =
        pack ? trees.import(*pack, source::TreeId{link->tree}) : Status(environment_error("its pack is missing"));
    if (imported) continue;
    const bool is_away = pack && pack->damage().empty() && imported.error().can_retry;
    if (is_away) return imported;
    SIMSWARM_CHECK(forget(chain, store));
    if (pack && !pack->damage().empty()) SIMSWARM_CHECK(store.forget_blob(link->pack));
    return environment_error("the sources {} cannot be had: {}; call again", link->tree, imported.error().message);
  }
  return {};
}

}  // namespace simswarm::campaign
