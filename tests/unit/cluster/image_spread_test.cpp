#include "cluster/image_spread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "saved_sample.h"
#include "test_folder.h"

namespace simswarm::cluster {
namespace {

using testing::HasSubstr;
using State = NodeImage::State;

// Plays docker for the machine in $NODE, from files in a folder of its own.
constexpr std::string_view kDocker = R"(at=$STATE/${NODE:-manager}
echo "$*" >>"$at/asked"
case "$*" in
"info --format {{json"*) echo "\"id-$NODE\" [[\"$(cat "$at/driver" 2>/dev/null)\",\"x\"]]" ;;
"image ls"*) [ ! -e "$at/images" ] || echo some ;;
"image inspect --format {{json"*) cat "$at/images" ;;
save*) cat "$STATE/save.tar" ;;
"load --quiet")
  cat >"$at/loaded.tar"
  [ ! -e "$at/refuses" ] || { rm "$at/refuses"; echo 'layer does not exist' >&2; exit 1; } ;;
"run "*relay*) cat >/dev/null; cat "$STATE/relayed.tar" ;;
pull*) [ ! -e "$at/no-registry" ] || { echo 'connection refused' >&2; exit 1; } ;;
*) echo "what is $*?" >&2; exit 1 ;;
esac)";

class ImageSpread : public testing::Test {
 protected:
  ImageSpread() {
    folder_.script("bin/docker", std::string(kDocker));
    folder_.script("ssh",
                   "while [ \"$1\" != -- ]; do NODE=$1; shift; done\nexport NODE\n"
                   "[ -d \"$STATE/$NODE\" ] || { echo \"no route to $NODE\" >&2; exit 255; }\nexec sh -c \"$2\"");
    ::setenv("STATE", folder_.path().c_str(), 1);
    ::setenv("SIMSWARM_SSH", (folder_ / "ssh").c_str(), 1);
    ::setenv("SIMSWARM_SWARMS_FOLDER", (folder_ / "swarms").c_str(), 1);
    path_ = std::getenv("PATH");
    ::setenv("PATH", fmt::format("{}:{}", (folder_ / "bin").string(), path_).c_str(), 1);
    folder_.write("save.tar", sample_.tar());
    held_by("manager", image());
  }
  ~ImageSpread() override {
    ::setenv("PATH", path_.c_str(), 1);
    for (const char* name : {"STATE", "SIMSWARM_SSH", "SIMSWARM_SWARMS_FOLDER"}) ::unsetenv(name);
  }

  [[nodiscard]] std::string image() const {
    return fmt::format("\"{}\" [\"simswarm/a:1\"] {}\n", sample_.id(), sample_.layers());
  }
  [[nodiscard]] std::string base_image() const {
    return fmt::format("\"sha256:{}\" null [\"{}\"]\n", std::string(64, 'b'), diff_id_of(sample_.base));
  }
  void held_by(const std::string& node, const std::string& images) const {
    folder_.folder(node);
    if (!images.empty()) folder_.write(node + "/images", images);
  }
  [[nodiscard]] Result<Spread> spread(const std::vector<std::string>& nodes, const std::string& manager = "",
                                      const std::string& registry = "") const {
    SpreadOptions options;
    options.tag = "simswarm/a:1";
    options.folder = folder_.path();
    options.registry = registry;
    for (const std::string& node : nodes) options.nodes.push_back(*Machine::at(node));
    return spread_image(*Machine::at(manager), options);
  }

  TestFolder folder_;
  SavedSample sample_;
  std::string path_;
};

TEST_F(ImageSpread, BringsTheLayersThatAreMissing) {
  held_by("new", "");
  held_by("near", base_image());
  held_by("done", image());
  const auto spread_now = spread({"new", "near", "done"});
  ASSERT_TRUE(spread_now) << error_of(spread_now);
  const auto& nodes = spread_now->nodes;
  EXPECT_EQ(nodes[0].state, State::kBrought);
  EXPECT_EQ(nodes[0].layers, 2U);
  EXPECT_THAT(folder_.read("new/loaded.tar"), HasSubstr(sample_.base));
  EXPECT_EQ(nodes[1].layers, 1U);
  EXPECT_EQ(nodes[1].node_id, "id-near");
  EXPECT_EQ(nodes[1].bytes, folder_.read("near/loaded.tar").size());
  EXPECT_THAT(folder_.read("near/loaded.tar"), HasSubstr(sample_.own));
  EXPECT_EQ(folder_.read("near/loaded.tar").find(sample_.base), std::string::npos);
  EXPECT_EQ(nodes[2].state, State::kThere);
  EXPECT_EQ(folder_.read("done/asked").find("load"), std::string::npos);
}

TEST_F(ImageSpread, SavesNothingWhenAllHaveIt) {
  held_by("done", image());
  ASSERT_TRUE(spread({"done"}));
  EXPECT_EQ(folder_.read("manager/asked").find("save"), std::string::npos);
}

TEST_F(ImageSpread, SendsAllToAnEngineThatDoesNotTakeAPart) {
  held_by("near", base_image());
  folder_.write("near/refuses", "");
  const auto spread_now = spread({"near"});
  ASSERT_TRUE(spread_now) << error_of(spread_now);
  EXPECT_EQ(spread_now->nodes[0].state, State::kBrought) << spread_now->nodes[0].error;
  EXPECT_THAT(folder_.read("near/loaded.tar"), HasSubstr(sample_.base));
}

TEST_F(ImageSpread, SendsAllWhereContainerdKeepsImages) {
  held_by("near", base_image());
  folder_.write("near/driver", "io.containerd.snapshotter.v1");
  const auto spread_now = spread({"near"});
  ASSERT_TRUE(spread_now) << error_of(spread_now);
  EXPECT_THAT(folder_.read("near/loaded.tar"), HasSubstr(sample_.base));
  // Its ids are others; the layers are the same.
  folder_.write("near/images",
                fmt::format("\"sha256:{}\" [\"simswarm/a:1\"] {}\n", std::string(64, 'c'), sample_.layers()));
  EXPECT_EQ(spread({"near"})->nodes[0].state, State::kThere);
}

TEST_F(ImageSpread, HasAManagerElsewhereLeaveOutWhatNobodyLacks) {
  held_by("near", base_image());
  const std::string whole = sample_.tar();
  TextSource from(whole);
  TextSink to;
  ASSERT_EQ(error_of(relay_image(1, from, to)), "no error");
  folder_.write("relayed.tar", to.text());
  const auto spread_now = spread({"near"}, "manager");
  ASSERT_TRUE(spread_now) << error_of(spread_now);
  EXPECT_EQ(spread_now->from_manager, to.text().size());
  EXPECT_EQ(spread_now->nodes[0].state, State::kBrought);
  EXPECT_THAT(folder_.read("manager/asked"),
              HasSubstr("run --rm -i --network none --entrypoint simswarm simswarm/a:1 swarm image relay 1"));
  // An image whose program does not know how: all of it comes.
  folder_.write("relayed.tar", "what is this?");
  const auto again = spread({"near"}, "manager");
  ASSERT_TRUE(again) << error_of(again);
  EXPECT_GT(again->from_manager, whole.size() - 1);
}

TEST_F(ImageSpread, NamesWhatIsWrongWithANode) {
  held_by("good", "");
  const auto spread_now = spread({"away", "good"});
  ASSERT_TRUE(spread_now) << error_of(spread_now);
  EXPECT_EQ(spread_now->nodes[0].state, State::kFailed);
  EXPECT_EQ(spread_now->nodes[0].error, "away is not reached by SSH: no route to away");
  EXPECT_EQ(spread_now->nodes[1].state, State::kBrought);
}

TEST_F(ImageSpread, HasNodesTakeItFromARegistry) {
  held_by("new", "");
  held_by("cut", "");
  folder_.write("cut/no-registry", "");
  const auto spread_now = spread({"new", "cut"}, "", "registry:5000");
  ASSERT_TRUE(spread_now) << error_of(spread_now);
  EXPECT_EQ(spread_now->nodes[0].state, State::kBrought);
  EXPECT_THAT(folder_.read("new/asked"), HasSubstr("pull --quiet simswarm/a:1"));
  EXPECT_THAT(spread_now->nodes[1].error, HasSubstr("connection refused"));
}

TEST_F(ImageSpread, DoesNotTakeAnotherImage) {
  held_by("new", "");
  SavedSample other;
  other.own = "something else";
  folder_.write("save.tar", other.tar());
  EXPECT_THAT(error_of(spread({"new"})), HasSubstr("simswarm/a:1 was changed meanwhile"));
  held_by("manager", base_image());
  EXPECT_EQ(error_of(spread({"new"})), "this machine: there is no image simswarm/a:1");
}

TEST(LayersAlike, CountFromTheFirstOn) {
  HeldImages held;
  EXPECT_EQ(layers_alike(held, {"a", "b", "c"}), 0U);
  held.images = {{"1", {}, {"a", "x"}}, {"2", {}, {"a", "b", "x", "c"}}, {"3", {}, {"b", "c"}}};
  EXPECT_EQ(layers_alike(held, {"a", "b", "c"}), 2U);
  held.images.push_back({"4", {}, {"a", "b", "c", "d"}});
  EXPECT_EQ(layers_alike(held, {"a", "b", "c"}), 3U);
}

}  // namespace
}  // namespace simswarm::cluster
