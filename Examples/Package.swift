// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  .treatAllWarnings(as: .error),
]

let cairn = Target.Dependency.product(name: "Cairn", package: "cairn")
let core = Target.Dependency.product(name: "CairnCore", package: "cairn")
let chunks = Target.Dependency.product(name: "CairnChunks", package: "cairn")
let files = Target.Dependency.product(name: "CairnFiles", package: "cairn")
let intern = Target.Dependency.product(name: "CairnIntern", package: "cairn")
let tree = Target.Dependency.product(name: "CairnTree", package: "cairn")
let log = Target.Dependency.product(name: "CairnLog", package: "cairn")
let crypto = Target.Dependency.product(name: "CairnCrypto", package: "cairn")
let targetKit = Target.Dependency.product(name: "CairnTargetKit", package: "cairn")
let arguments = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
  name: "cairn-examples",
  platforms: [.macOS("26.0")],
  products: [
    .executable(name: "backup", targets: ["backup"]),
    .executable(name: "logview", targets: ["logview"]),
    .executable(name: "seal", targets: ["seal"]),
    .executable(name: "tree-index", targets: ["tree-index"]),
    .executable(name: "fast-import", targets: ["fast-import"]),
    .executable(name: "custom-target", targets: ["custom-target"]),
  ],
  traits: [
    .trait(name: "SFTP", description: "backup: repositories on a server, through ssh or rclone."),
    .trait(name: "S3", description: "backup: repositories in a bucket of S3."),
    .trait(name: "Parity", description: "backup: parity against damage by the disk itself."),
  ],
  dependencies: [
    .package(
      name: "cairn", path: "../",
      traits: [
        .trait(name: "SFTP", condition: .when(traits: ["SFTP"])),
        .trait(name: "S3", condition: .when(traits: ["S3"])),
        .trait(name: "Parity", condition: .when(traits: ["Parity"])),
      ]),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    .target(
      name: "CommandSupport", dependencies: [core, crypto, system], swiftSettings: settings),
    // Apart, for it links Foundation, which costs a small command 2 MiB of memory.
    .target(
      name: "FoundationSupport", dependencies: ["CommandSupport", arguments],
      swiftSettings: settings),
    .executableTarget(
      name: "backup",
      dependencies: [
        "CommandSupport", "FoundationSupport", cairn, arguments, system,
        .product(name: "CairnSFTP", package: "cairn", condition: .when(traits: ["SFTP"])),
        .product(name: "CairnS3", package: "cairn", condition: .when(traits: ["S3"])),
        .product(name: "CairnParity", package: "cairn", condition: .when(traits: ["Parity"])),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "seal",
      dependencies: ["CommandSupport", "FoundationSupport", core, crypto, arguments, system],
      swiftSettings: settings),
    .systemLibrary(
      name: "COpenSSL", pkgConfig: "libcrypto",
      providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
    .systemLibrary(name: "CMalloc"),
    .target(
      name: "FastImport", dependencies: ["COpenSSL", core, crypto, chunks, intern, system],
      swiftSettings: settings),
    .executableTarget(
      name: "fast-import",
      dependencies: ["CMalloc", "FastImport", "CommandSupport", core, crypto, chunks, system],
      swiftSettings: settings),
    .target(
      name: "LogViewKit", dependencies: ["CommandSupport", log, system],
      swiftSettings: settings),
    .executableTarget(
      name: "logview",
      dependencies: ["LogViewKit", "CommandSupport", "FoundationSupport", log, arguments, system],
      swiftSettings: settings),
    .executableTarget(
      name: "LogSpeed", dependencies: [log, system], path: "Benchmarks/LogSpeed",
      swiftSettings: settings),
    .executableTarget(
      name: "tree-index",
      dependencies: ["CommandSupport", "FoundationSupport", core, tree, arguments, system],
      swiftSettings: settings),
    .target(
      name: "OneFileTarget", dependencies: [core, tree, chunks, system], swiftSettings: settings),
    .executableTarget(
      name: "custom-target",
      dependencies: ["OneFileTarget", core, chunks, crypto, targetKit, system],
      swiftSettings: settings),
    .executableTarget(
      name: "SealInMemory", dependencies: [crypto], path: "Benchmarks/SealInMemory",
      swiftSettings: settings),
    .executableTarget(
      name: "InternSpeed", dependencies: [intern, system], path: "Benchmarks/InternSpeed",
      swiftSettings: settings),
    .executableTarget(
      name: "StoreSettings", dependencies: [chunks, crypto, files, system],
      path: "Benchmarks/StoreSettings", swiftSettings: settings),
    .executableTarget(
      name: "TreeSpeed", dependencies: [tree, system], path: "Benchmarks/TreeSpeed",
      swiftSettings: settings),
    .testTarget(
      name: "ExampleTests",
      dependencies: [
        "backup", "custom-target", "fast-import", "FastImport", "logview", "LogViewKit",
        "CommandSupport", "OneFileTarget", "seal", "tree-index", cairn, log, targetKit, tree,
        system,
      ],
      swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
