"""Headers of the China City Statistical Yearbook's tables, as its editions print them.

One line a column: Chinese name | English name | unit | unit in English | variable of
the codebook. The numbers that tests put below them are invented.
"""

# ruff: noqa: E501  # one line a printed header
from __future__ import annotations

from typing import NamedTuple


class Column(NamedTuple):
    """One printed header and what it means."""

    zh: str
    en: str
    unit: str
    unit_en: str
    variable: str


TABLES = {
    "人口": """
年末总人口|Total Population at Year-end|万人|10 000 persons|population_hukou
非农业人口|Non-agricultural Population|万人|10 000 persons|population_nonagricultural
年平均人口|Annual Average Population|万人|10 000 persons|population_average
自然增长率|Natural Growth Rate|‰|‰|natural_growth
""",
    "人口（续）": """
户籍人口|Household Registered Population at Year-end|万人|10 000 persons|population_hukou
年平均人口|Annual Average Population|万人|10 000 persons|population_average
人口密度|Population Density|人/平方公里|person/sq.km|population_density
""",
    "行政区域土地面积、人口密度和城市建设": """
行政区域土地面积|Total Land Area of Administrative Region|平方公里|sq.km|area
人口密度|Population Density|人/平方公里|person/sq.km|population_density
建成区面积|Area of Built District|平方公里|sq.km|area_built_up
城市建设用地面积|Area of Land Used for Urban Construction|平方公里|sq.km|area_construction
居住用地面积|Area of Land Used for Living|平方公里|sq.km|area_residential
""",
    "劳动力": """
年末单位从业人员数|Persons Employed in Various Units at Year-end|万人|10 000 persons|employees
城镇私营和个体从业人员|Persons Employed in Private Enterprises and Self-employed Individuals in Urban Areas|人|person|employees_private
年末城镇登记失业人员数|Registered Unemployed Persons in Urban Areas at Year-end|人|person|unemployed
""",
    "综合经济": """
地区生产总值（当年价格）|Gross Regional Product (at current prices)|万元|10 000 yuan|gdp
人均地区生产总值|Per Capita Gross Regional Product|元|yuan|gdp_pc
地区生产总值增长率|Growth Rate of GRP|%|%|gdp_growth
""",
    "按行业分组的单位从业人员": """
农、林、牧、渔业|Farming, Forestry, Animal Husbandry and Fishery|人|person|employees_agriculture
采矿业|Mining|人|person|employees_mining
制造业|Manufacturing|人|person|employees_manufacturing
电力、燃气及水的生产和供应业|Production and Supply of Electricity, Gas and Water|人|person|employees_utilities
建筑业|Construction|人|person|employees_construction
交通运输、仓储和邮政业|Transport, Storage and Post|人|person|employees_transport
信息传输、计算机服务和软件业|Information Transmission, Computer Service and Software|人|person|employees_information
批发和零售业|Wholesale and Retail Trades|人|person|employees_trade
住宿、餐饮业|Hotels and Catering Services|人|person|employees_hospitality
金融业|Financial Intermediation|人|person|employees_finance
房地产业|Real Estate|人|person|employees_real_estate
租赁和商业服务业|Leasing and Business Services|人|person|employees_business
科学研究、技术服务和地质勘查业|Scientific Research, Technical Service and Geologic Prospecting|人|person|employees_research
水利、环境和公共设施管理业|Management of Water Conservancy, Environment and Public Facilities|人|person|employees_environment
居民服务和其他服务业|Services to Households and Other Services|人|person|employees_households
教育|Education|人|person|employees_education
卫生、社会保险和社会福利业|Health, Social Security and Social Welfare|人|person|employees_health
文化、体育和娱乐业|Culture, Sports and Entertainment|人|person|employees_culture
公共管理和社会组织|Public Management and Social Organizations|人|person|employees_public
""",
    "按行业分组的城镇非私营单位就业人员": """
电力、热力、燃气及水生产和供应业|Production and Supply of Electricity, Heat, Gas and Water|万人|10 000 persons|employees_utilities
信息传输、软件和信息技术服务业|Information Transmission, Software and Information Technology|万人|10 000 persons|employees_information
租赁和商务服务业|Leasing and Business Services|万人|10 000 persons|employees_business
科学研究和技术服务业|Scientific Research and Technical Services|万人|10 000 persons|employees_research
居民服务、修理和其他服务业|Services to Households, Repair and Other Services|万人|10 000 persons|employees_households
卫生和社会工作|Health and Social Service|万人|10 000 persons|employees_health
公共管理、社会保障和社会组织|Public Management, Social Security and Social Organization|万人|10 000 persons|employees_public
""",
    "农业": """
农林牧渔业总产值|Gross Output Value of Farming, Forestry, Animal Husbandry and Fishery|万元|10 000 yuan|output_agriculture
粮食产量|Output of Grain|吨|ton|grain
蔬菜产量|Output of Vegetables|吨|ton|vegetables
水果产量|Output of Fruits|吨|ton|fruit
肉类总产量|Output of Meat|吨|ton|meat
奶类产量|Output of Milk|吨|ton|milk
水产品产量|Output of Aquatic Products|吨|ton|aquatic
""",
    "规模以上工业": """
工业企业数|Number of Industrial Enterprises|个|unit|firms_industry
规模以上工业总产值（当年价）|Gross Industrial Output Value above Designated Size|万元|10 000 yuan|output_industry
流动资产合计|Total Current Assets|万元|10 000 yuan|assets_current
固定资产合计|Total Fixed Assets|万元|10 000 yuan|assets_fixed
主营业务收入|Revenue from Principal Business|万元|10 000 yuan|revenue_industry
主营业务税金及附加|Tax and Extra Charges from Principal Business|万元|10 000 yuan|tax_industry
本年应交增值税|Value Added Tax Payable in This Year|万元|10 000 yuan|vat_industry
利润总额|Total Profits|万元|10 000 yuan|profit_industry
""",
    "客运量": """
客运总量|Total Passenger Traffic|万人|10 000 persons|passengers
铁路旅客运量|Railway Passenger Traffic|万人|10 000 persons|passengers_rail
公路客运量|Highway Passenger Traffic|万人|10 000 persons|passengers_road
水运客运量|Waterway Passenger Traffic|万人|10 000 persons|passengers_water
民用航空客运量|Civil Aviation Passenger Traffic|万人|10 000 persons|passengers_air
""",
    "货运量": """
货运总量|Total Freight Traffic|万吨|10 000 tons|freight
铁路货物运量|Railway Freight Traffic|万吨|10 000 tons|freight_rail
公路货运量|Highway Freight Traffic|万吨|10 000 tons|freight_road
水运货运量|Waterway Freight Traffic|万吨|10 000 tons|freight_water
民用航空货邮运量|Civil Aviation Freight Traffic|吨|ton|freight_air
""",
    "邮电通信": """
邮政业务收入|Revenue from Postal Services|万元|10 000 yuan|post_revenue
电信业务收入|Revenue from Telecommunication Services|万元|10 000 yuan|telecom_revenue
固定电话年末用户数|Number of Subscribers of Fixed Telephones at Year-end|万户|10 000 subscribers|telephones
移动电话年末用户数|Number of Subscribers of Mobile Telephones at Year-end|万户|10 000 subscribers|mobile
互联网宽带接入用户数|Number of Subscribers of Internet Services|万户|10 000 subscribers|broadband
""",
    "商业、外贸和外资": """
限额以上批发零售贸易业商品销售总额|Total Sales of Wholesale and Retail Enterprises above Designated Size|万元|10 000 yuan|wholesale_sales
社会消费品零售总额|Total Retail Sales of Consumer Goods|万元|10 000 yuan|retail_sales
限额以上批发零售企业数（法人数）|Number of Wholesale and Retail Enterprises above Designated Size|个|unit|firms_trade
新签项目（合同）数|Number of Newly Signed Projects|个|unit|fdi_projects
合同外资金额|Amount of Foreign Capital through Signed Contracts|万美元|USD 10 000|fdi_contracted
当年实际使用外资金额|Amount of Foreign Capital Actually Utilized|万美元|USD 10 000|fdi
""",
    "货物进出口": """
货物进口额|Value of Imports|万元|10 000 yuan|imports
货物出口额|Value of Exports|万元|10 000 yuan|exports
""",
    "固定资产投资": """
固定资产投资总额|Total Investment in Fixed Assets|万元|10 000 yuan|investment
房地产开发投资完成额|Completed Investment in Real Estate Development|万元|10 000 yuan|real_estate_investment
#住宅|Residential Buildings|万元|10 000 yuan|residential_investment
""",
    "财政金融": """
地方财政一般预算内收入|Local Government Budgetary Revenue|万元|10 000 yuan|fiscal_revenue
地方财政一般预算内支出|Local Government Budgetary Expenditure|万元|10 000 yuan|fiscal_expenditure
科学支出|Expenditure for Science|万元|10 000 yuan|fiscal_science
教育支出|Expenditure for Education|万元|10 000 yuan|fiscal_education
年末金融机构各项存款余额|Deposits of National Banking System at Year-end|万元|10 000 yuan|deposits
城乡居民储蓄年末余额|Household Saving Deposits at Year-end|万元|10 000 yuan|savings
年末金融机构各项贷款余额|Loans of National Banking System at Year-end|万元|10 000 yuan|loans
""",
    "财政金融（新）": """
一般公共预算收入|General Public Budget Revenue|万元|10 000 yuan|fiscal_revenue
一般公共预算支出|General Public Budget Expenditure|万元|10 000 yuan|fiscal_expenditure
科学技术支出|Expenditure for Science and Technology|万元|10 000 yuan|fiscal_science
教育支出|Expenditure for Education|万元|10 000 yuan|fiscal_education
年末金融机构人民币各项存款余额|Deposits of Financial Institutions at Year-end|万元|10 000 yuan|deposits
住户存款余额|Household Saving Deposits at Year-end|万元|10 000 yuan|savings
年末金融机构人民币各项贷款余额|Loans of Financial Institutions at Year-end|万元|10 000 yuan|loans
""",
    "职工工资": """
在岗职工平均人数|Average Number of Staff and Workers|万人|10 000 persons|employees_staff
在岗职工工资总额|Total Wages of Staff and Workers|万元|10 000 yuan|wage_bill
在岗职工平均工资|Average Wage of Staff and Workers|元|yuan|wage
""",
    "文化、卫生": """
剧场、影剧院数|Number of Theaters and Cinemas|个|unit|theatres
公共图书馆图书总藏量|Total Collections of Public Libraries|千册、件|1 000 copies|books
每百人公共图书馆藏书|Public Library Collections per 100 Persons|册、件|copy|books_per_100
医院、卫生院数|Number of Hospitals and Health Centers|个|unit|hospitals
医院、卫生院床位数|Number of Beds of Hospitals and Health Centers|张|bed|hospital_beds
医生数（执业医师+执业助理医师）|Number of Doctors|人|person|doctors
""",
    "社会保障": """
城镇职工基本养老保险参保人数|Urban Employees Joining Basic Pension Insurance|人|person|insured_pension
城镇职工基本医疗保险参保人数|Urban Employees Joining Basic Medical Care System|人|person|insured_medical
失业保险参保人数|Persons Covered by Unemployment Insurance|人|person|insured_unemployment
""",
    "供水、供电、供气": """
供水总量|Total Annual Volume of Water Supply|万吨|10 000 tons|
居民生活用水量|Residential Water Consumption|万立方米|10 000 cu.m|water_domestic
全社会用电量|Annual Electricity Consumption|万千瓦时|10 000 kwh|electricity
工业用电|Electricity Consumption for Industrial Use|万千瓦时|10 000 kwh|electricity_industry
城乡居民生活用电|Household Electricity Consumption|万千瓦时|10 000 kwh|electricity_domestic
煤气（人工、天然气）供气总量|Total Gas Supply (Coal Gas, Natural Gas)|万立方米|10 000 cu.m|gas_supply
液化石油气供气总量|Total Liquefied Petroleum Gas Supply|吨|ton|lpg_supply
""",
    "城市道路和公共交通": """
年末实有城市道路面积|Area of City Paved Roads at Year-end|万平方米|10 000 sq.m|roads_area
人均城市道路面积|Per Capita Area of Paved Roads|平方米|sq.m|roads_area_pc
年末实有公共汽（电）车营运车辆数|Number of Buses and Trolley Buses under Operation at Year-end|辆|unit|buses
全年公共汽（电）车客运总量|Annual Volume of Passengers Transported by Buses and Trolley Buses|万人次|10 000 person-times|bus_passengers
每万人拥有公共汽车|Number of Buses and Trolley Buses per 10 000 Population|辆|unit|buses_per_10k
年末实有出租汽车数|Number of Taxis at Year-end|辆|unit|taxis
""",
    "绿化": """
绿地面积|Area of Green Land|公顷|hectare|green_area
公园绿地面积|Area of Park Green Land|公顷|hectare|green_parks
人均公园绿地面积|Per Capita Park Green Area|平方米|sq.m|green_parks_pc
建成区绿化覆盖面积|Green Covered Area of Completed Area|公顷|hectare|green_covered
建成区绿化覆盖率|Green Covered Area as Percentage of Completed Area|%|%|green_share
""",
    "环境": """
工业废水排放量|Volume of Industrial Waste Water Discharged|万吨|10 000 tons|wastewater_industrial
工业二氧化硫产生量|Volume of Sulphur Dioxide Produced|吨|ton|so2_generated
工业二氧化硫排放量|Volume of Sulphur Dioxide Emission|吨|ton|so2
工业氮氧化物排放量|Volume of Nitrogen Oxides Emission|吨|ton|nox
工业烟(粉)尘排放量|Volume of Industrial Soot and Dust Emission|吨|ton|dust
一般工业固体废物综合利用率|Rate of Common Industrial Solid Wastes Comprehensively Utilized|%|%|solid_waste_use
污水处理厂集中处理率|Ratio of Waste Water Centralized Treated of Sewage Work|%|%|sewage_treatment
生活垃圾无害化处理率|Ratio of Consumption Wastes Treated|%|%|garbage_treatment
细颗粒物年平均浓度|Annual Average Concentration of PM2.5|微克/立方米|μg/m3|pm25
""",
}  # fmt: skip

GROUPED = {
    # headers that mean something only below the title or the name of their group
    "2-15 地区生产总值构成": """
第一产业|Primary Industry|%|%|share_primary
第二产业|Secondary Industry|%|%|share_secondary
第三产业|Tertiary Industry|%|%|share_tertiary
""",
    "2-4 按产业划分的年末城镇单位从业人员比重": """
第一产业|Primary Industry|%|%|employees_share_primary
第二产业|Secondary Industry|%|%|employees_share_secondary
第三产业|Tertiary Industry|%|%|employees_share_tertiary
""",
    "2-4 按产业划分的单位从业人员": """
第一产业|Primary Industry|人|person|employees_primary
第二产业|Secondary Industry|人|person|employees_secondary
第三产业|Tertiary Industry|人|person|employees_tertiary
""",
    "2-20 客运量": """
合计|Total|万人|10 000 persons|passengers
铁路|Railways|万人|10 000 persons|passengers_rail
公路|Highways|万人|10 000 persons|passengers_road
水运|Waterways|万人|10 000 persons|passengers_water
民用航空|Civil Aviation|万人|10 000 persons|passengers_air
""",
    "2-21 货运量": """
合计|Total|万吨|10 000 tons|freight
铁路|Railways|万吨|10 000 tons|freight_rail
公路|Highways|万吨|10 000 tons|freight_road
水运|Waterways|万吨|10 000 tons|freight_water
""",
    "2-12 工业企业数": """
内资企业|Domestic Funded Enterprises|个|unit|firms_domestic
港、澳、台商投资企业|Enterprises with Funds from Hong Kong, Macao and Taiwan|个|unit|firms_hmt
外商投资企业|Foreign Funded Enterprises|个|unit|firms_foreign
""",
    "2-13 工业总产值": """
内资企业|Domestic Funded Enterprises|万元|10 000 yuan|output_industry_domestic
港、澳、台商投资企业|Enterprises with Funds from Hong Kong, Macao and Taiwan|万元|10 000 yuan|output_industry_hmt
外商投资企业|Foreign Funded Enterprises|万元|10 000 yuan|output_industry_foreign
""",
    "2-28 学校数": """
普通高等学校|Regular Institutions of Higher Education|所|unit|schools_higher
中等职业教育学校|Secondary Vocational Schools|所|unit|schools_vocational
普通中学|Regular Secondary Schools|所|unit|schools_secondary
小学|Primary Schools|所|unit|schools_primary
""",
    "2-29 专任教师数": """
普通高等学校|Regular Institutions of Higher Education|人|person|teachers_higher
中等职业教育学校|Secondary Vocational Schools|人|person|teachers_vocational
普通中学|Regular Secondary Schools|人|person|teachers_secondary
小学|Primary Schools|人|person|teachers_primary
""",
    "2-30 在校学生数": """
普通高等学校|Regular Institutions of Higher Education|人|person|students
中等职业教育学校|Secondary Vocational Schools|人|person|students_vocational
普通中学|Regular Secondary Schools|人|person|students_secondary
小学|Primary Schools|人|person|students_primary
""",
    "2-17 一般公共预算支出": """
合计|Total|万元|10 000 yuan|fiscal_expenditure
教育|Education|万元|10 000 yuan|fiscal_education
科学技术|Science and Technology|万元|10 000 yuan|fiscal_science
""",
}  # fmt: skip


def columns(text: str) -> list[Column]:
    """Columns of one table."""
    return [Column(*line.split("|")) for line in text.strip().splitlines()]
