variable "time" {
  default = "23:00"
}

variable "monthly" {
  default = 7
}

provider "azurerm" {
  features {}
}

resource "azurerm_resource_group" "test" {
  name     = "acctestRG-policies"
  location = "westeurope"
}

resource "azurerm_recovery_services_vault" "test" {
  name                = "acctest-Vault"
  location            = azurerm_resource_group.test.location
  resource_group_name = azurerm_resource_group.test.name
  sku                 = "Standard"
}

resource "azurerm_backup_policy_vm" "daily" {
  name                = "acctest-daily"
  resource_group_name = azurerm_resource_group.test.name
  recovery_vault_name = azurerm_recovery_services_vault.test.name

  backup {
    frequency = "Daily"
    time      = var.time
  }

  retention_daily {
    count = 10
  }

  retention_weekly {
    count    = 42
    weekdays = ["Sunday", "Wednesday"]
  }

  retention_monthly {
    count    = var.monthly
    weekdays = ["Sunday", "Wednesday"]
    weeks    = ["First", "Last"]
  }

  retention_yearly {
    count             = 77
    months            = ["January", "July"]
    days              = [1, 2, 28]
    include_last_days = true
  }
}

resource "azurerm_backup_policy_vm" "hourly" {
  name                = "acctest-hourly"
  resource_group_name = azurerm_resource_group.test.name
  recovery_vault_name = azurerm_recovery_services_vault.test.name
  policy_type         = "V2"
  consistency_type    = "OnlyCrashConsistent"

  instant_restore_retention_days = 5

  instant_restore_resource_group {
    prefix = "acctest"
    suffix = "suffix"
  }

  backup {
    frequency     = "Hourly"
    time          = var.time
    hour_interval = 4
    hour_duration = 4
  }

  retention_daily {
    count = 10
  }
}

resource "azurerm_backup_policy_vm" "weekly" {
  name                = "acctest-weekly"
  resource_group_name = azurerm_resource_group.test.name
  recovery_vault_name = azurerm_recovery_services_vault.test.name

  backup {
    frequency = "Weekly"
    time      = var.time
    weekdays  = ["Sunday", "Wednesday"]
  }

  retention_weekly {
    count    = 42
    weekdays = ["Sunday", "Wednesday"]
  }

  tiering_policy {
    archived_restore_point {
      mode          = "TierAfter"
      duration      = 5
      duration_type = "Months"
    }
  }

  retention_yearly {
    count    = 77
    weekdays = ["Sunday"]
    weeks    = ["Last"]
    months   = ["January"]
  }
}

data "azurerm_backup_policy_vm" "enhanced" {
  name                = "EnhancedPolicy"
  resource_group_name = azurerm_resource_group.test.name
  recovery_vault_name = azurerm_recovery_services_vault.test.name
}
