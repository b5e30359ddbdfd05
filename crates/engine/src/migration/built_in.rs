//! Which of the system's tables a migration overwrites by default.
//!
//! From NocoBase's public page "Built-in tables for applications and major plugins" (migration manager), read on
//! 2026-11-25. A rule `overwrite-first` overwrites these and keeps the rows of every other system table.

/// Tables whose default migration strategy is "Overwrite".
const OVERWRITTEN: [&str; 70] = [
    "aiEmployees",
    "aiSettings",
    "applicationPlugins",
    "approvalMsgTpls",
    "authenticators",
    "backupSettings",
    "blockTemplateLinks",
    "blockTemplates",
    "collectionCategories",
    "collections",
    "customRequests",
    "customRequestsRoles",
    "customVariables",
    "dataSources",
    "dataSourcesCollections",
    "dataSourcesFields",
    "dataSourcesRoles",
    "dataSourcesRolesResources",
    "dataSourcesRolesResourcesActions",
    "dataSourcesRolesResourcesScopes",
    "databaseServers",
    "departments",
    "departmentsRoles",
    "desktopRoutes",
    "fields",
    "flowModelTemplateUsages",
    "flowModelTemplates",
    "flowModelTreePath",
    "flowModels",
    "flowSql",
    "flow_nodes",
    "graphPositions",
    "iframeHtml",
    "ipRestrictionConfig",
    "llmServices",
    "localizationTexts",
    "localizationTranslations",
    "mailAccounts",
    "mailGeneralSettings",
    "mailSettings",
    "mapConfiguration",
    "mobileRoutes",
    "notificationChannels",
    "passwordPolicy",
    "printingTemplates",
    "publicForms",
    "recordHistoryCollections",
    "recordHistoryFields",
    "recordHistoryTemplate",
    "roles",
    "rolesAiEmployees",
    "rolesResources",
    "rolesResourcesActions",
    "rolesResourcesScopes",
    "sequences",
    "storages",
    "systemSettings",
    "themeConfig",
    "tokenControlConfig",
    "twoFactorAuthSettings",
    "uiButtonSchemasRoles",
    "uiSchemaServerHooks",
    "uiSchemaTemplates",
    "uiSchemaTreePath",
    "uiSchemas",
    "userDataSyncSources",
    "verifiers",
    "workflowCategories",
    "workflowCategoryRelations",
    "workflows",
];

/// Whether a system table is overwritten by default.
pub(super) fn is_overwritten(table: &str) -> bool {
    OVERWRITTEN.contains(&table)
}

/// Their names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    OVERWRITTEN.into_iter()
}
