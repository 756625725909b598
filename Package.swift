// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableExperimentalFeature("Lifetimes"),
  .treatAllWarnings(as: .error),
]

let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
  name: "cairn",
  platforms: [.macOS("26.0")],
  products: [
    .library(name: "Cairn", targets: ["Cairn"]),
    .library(name: "CairnCore", targets: ["CairnCore"]),
    .library(name: "CairnIntern", targets: ["CairnIntern"]),
    .library(name: "CairnTree", targets: ["CairnTree"]),
    .library(name: "CairnLog", targets: ["CairnLog"]),
    .library(name: "CairnLogging", targets: ["CairnLogging"]),
    .library(name: "CairnSFTP", targets: ["CairnSFTP"]),
    .library(name: "CairnS3", targets: ["CairnS3"]),
    .library(name: "CairnParity", targets: ["CairnParity"]),
    .library(name: "CairnCrypto", targets: ["CairnCrypto"]),
    .library(name: "CairnChunks", targets: ["CairnChunks"]),
    .library(name: "CairnFiles", targets: ["CairnFiles"]),
    .library(name: "CairnTestKit", targets: ["CairnTestKit"]),
    .library(name: "CairnTargetKit", targets: ["CairnTargetKit"]),
  ],
  traits: [
    .trait(
      name: "SwiftLog", description: "CairnLogging: a handler of swift-log that writes a log."),
    .trait(
      name: "SFTP", description: "CairnSFTP: repositories on a server, through ssh or rclone."),
    .trait(
      name: "S3", description: "CairnS3: repositories on Amazon S3 and servers of its kind."),
    .trait(
      name: "Parity", description: "CairnParity: parity against bit rot, by ISA-L."),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
  ],
  targets: [
    .systemLibrary(
      name: "CLZ4", pkgConfig: "liblz4",
      providers: [.apt(["liblz4-dev"]), .brew(["lz4"])]),
    .systemLibrary(
      name: "CLibCrypto", pkgConfig: "libcrypto",
      providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),

    // Not looked for without the trait.
    .systemLibrary(
      name: "CISAL", pkgConfig: "libisal",
      providers: [.apt(["libisal-dev"]), .brew(["isa-l"])]),

    .systemLibrary(name: "CPosix"),
    .systemLibrary(name: "CPrefetch"),

    .target(name: "CairnCore", dependencies: ["CPosix", system], swiftSettings: settings),
    .target(
      name: "CairnIntern", dependencies: ["CairnCore", "CPrefetch", system],
      swiftSettings: settings),
    .target(name: "CairnTree", dependencies: ["CairnCore", system], swiftSettings: settings),
    .target(
      name: "CairnLog", dependencies: ["CairnCore", "CairnTree", system], swiftSettings: settings),
    // Empty without the trait.
    .target(
      name: "CairnLogging",
      dependencies: [
        "CairnLog",
        .product(name: "Logging", package: "swift-log", condition: .when(traits: ["SwiftLog"])),
      ],
      swiftSettings: settings),
    // Empty without the trait.
    .target(
      name: "CairnSFTP", dependencies: ["CairnCore", "CairnChunks", system],
      swiftSettings: settings),
    // Empty without the trait.
    .target(
      name: "CairnS3",
      dependencies: [
        "CairnCore", "CairnCrypto", "CairnChunks", system,
        .product(
          name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["S3"])),
        .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["S3"])),
        .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["S3"])),
        .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["S3"])),
        .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["S3"])),
      ],
      swiftSettings: settings),
    // Empty without the trait.
    .target(
      name: "CairnParity",
      dependencies: [
        "CairnCore", "CairnCrypto", "CairnChunks", system,
        .target(name: "CISAL", condition: .when(traits: ["Parity"])),
      ],
      swiftSettings: settings),
    .target(
      name: "CairnCrypto", dependencies: ["CairnCore", "CLibCrypto", system],
      swiftSettings: settings),
    .target(
      name: "CairnChunks", dependencies: ["CairnCore", "CairnCrypto", "CairnTree", "CLZ4", system],
      swiftSettings: settings),
    .target(
      name: "CairnFiles", dependencies: ["CairnCore", "CairnChunks", system],
      swiftSettings: settings),
    .target(
      name: "CairnTestKit", dependencies: ["CairnCore", "CairnTree", system],
      swiftSettings: settings),
    // Apart from CairnTestKit, so that tests of trees alone need no system library.
    .target(
      name: "CairnTargetKit", dependencies: ["CairnTestKit", "CairnChunks", "CairnCore", system],
      swiftSettings: settings),
    .target(
      name: "Cairn",
      dependencies: [
        "CairnCore", "CairnIntern", "CairnTree", "CairnLog", "CairnCrypto", "CairnChunks",
        "CairnFiles",
      ],
      swiftSettings: settings),

    .testTarget(
      name: "CairnCoreTests", dependencies: ["CairnCore", system], swiftSettings: settings),
    .testTarget(
      name: "CairnInternTests", dependencies: ["CairnIntern", "CairnCore", system],
      resources: [.copy("Golden")],
      swiftSettings: settings),
    .testTarget(
      name: "CairnTreeTests", dependencies: ["CairnTree", "CairnTestKit", "CairnCore", system],
      resources: [.copy("Golden")],
      swiftSettings: settings),
    .testTarget(
      name: "CairnTestKitTests", dependencies: ["CairnTestKit", "CairnTree", "CairnCore", system],
      swiftSettings: settings),
    .testTarget(
      name: "CairnLogTests",
      dependencies: ["CairnLog", "CairnTestKit", "CairnTree", "CairnCore", system],
      resources: [.copy("Golden")],
      swiftSettings: settings),
    .testTarget(
      name: "CairnCryptoTests", dependencies: ["CairnCrypto", "CairnCore", system],
      swiftSettings: settings),
    .testTarget(
      name: "CairnChunksTests",
      dependencies: ["CairnChunks", "CairnCrypto", "CairnTree", "CairnCore", system],
      resources: [.copy("Golden")],
      swiftSettings: settings),
    .testTarget(
      name: "CairnTargetKitTests",
      dependencies: ["CairnTargetKit", "CairnChunks", "CairnCrypto", "CairnCore", system],
      swiftSettings: settings),
    .testTarget(
      name: "CairnFilesTests",
      dependencies: ["CairnFiles", "CairnChunks", "CairnCrypto", "CairnCore", system],
      swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
