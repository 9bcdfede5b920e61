// Modules of real addresses: bias as the loader has it, build ids as the files have them.
#include "integrity/modules.h"

#include <gnu/libc-version.h>
#include <gtest/gtest.h>
#include <link.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

namespace hakmem {
namespace {

/// What the loader says of the module that holds an address.
struct Loaded {
  Address wanted;
  Address bias = 0;
  std::string path;
};

int find_loaded(dl_phdr_info* info, size_t, void* state) {
  Loaded& loaded = *static_cast<Loaded*>(state);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    const Address begin = info->dlpi_addr + segment.p_vaddr;
    if (segment.p_type != PT_LOAD || loaded.wanted - begin >= segment.p_memsz) continue;
    loaded.bias = info->dlpi_addr;
    loaded.path = info->dlpi_name;
  }
  return 0;
}

Loaded loaded_at(Address address) {
  Loaded loaded{address, 0, {}};
  dl_iterate_phdr(find_loaded, &loaded);
  return loaded;
}

template <class Function>
Address address_of(Function* function) {
  return reinterpret_cast<Address>(function) + 1;  // as if it were a return address
}

class Modules : public testing::Test {
 protected:
  const Module* load(Address pc) {
    table_->load(&pc, 1);
    return table_->module_of(0);
  }
  std::unique_ptr<ModuleTable> table_ = std::make_unique<ModuleTable>();
};

TEST_F(Modules, TheProgramItselfHasTheLoadersBiasAndItsOwnPath) {
  const Address pc = address_of(&find_loaded);
  const Module* const module = load(pc);
  ASSERT_NE(module, nullptr);
  EXPECT_EQ(module->bias, loaded_at(pc).bias);
  EXPECT_EQ(module->path, std::filesystem::read_symlink("/proc/self/exe").string());
  EXPECT_FALSE(module->system);
}

TEST_F(Modules, TheCLibraryIsASystemModuleWithABuildId) {
  const Address pc = address_of(&::gnu_get_libc_version);
  const Module* const module = load(pc);
  ASSERT_NE(module, nullptr);
  EXPECT_EQ(module->bias, loaded_at(pc).bias);
  EXPECT_TRUE(module->system);
  EXPECT_TRUE(std::string(module->name()).starts_with("libc.so")) << module->path;
  const std::string build_id = module->build_id;
  EXPECT_EQ(build_id.size(), 40u);  // SHA-1, as Debian has them
  EXPECT_EQ(build_id.find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST_F(Modules, SeveralAddressesAreToldApart) {
  const Address pcs[] = {address_of(&::gnu_get_libc_version), 1, address_of(&find_loaded),
                         address_of(&::lldiv)};
  table_->load(pcs, 4);
  ASSERT_NE(table_->module_of(0), nullptr);
  EXPECT_EQ(table_->module_of(1), nullptr);
  ASSERT_NE(table_->module_of(2), nullptr);
  EXPECT_EQ(table_->module_of(0), table_->module_of(3));
  EXPECT_NE(table_->module_of(0), table_->module_of(2));
}

TEST_F(Modules, HeapAndStackBelongToNoFile) {
  const auto on_heap = std::make_unique<int>(0);
  EXPECT_EQ(load(reinterpret_cast<Address>(on_heap.get())), nullptr);
  EXPECT_EQ(load(reinterpret_cast<Address>(&on_heap)), nullptr);
}

TEST(SystemModule, KnowsTheLibrariesThatOnlyPassAFaultOn) {
  EXPECT_TRUE(is_system_module("/lib/x86_64-linux-gnu/libc.so.6"));
  EXPECT_TRUE(is_system_module("/usr/lib/libstdc++.so.6.0.30"));
  EXPECT_TRUE(is_system_module("/lib64/ld-linux-x86-64.so.2"));
  EXPECT_TRUE(is_system_module("/opt/libhakmem_l4.so"));
  EXPECT_TRUE(is_system_module("[vdso]"));
  EXPECT_FALSE(is_system_module("/usr/lib/libcurl.so.4"));
  EXPECT_FALSE(is_system_module("/srv/libc.so/server"));
  EXPECT_FALSE(is_system_module(""));
}

}  // namespace
}  // namespace hakmem
